-- Patches pods in turn: merge patches, or server-side apply when the first argument says so.
local threads = 0
local counter = 0
local kind = "merge"

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  kind = args[1] or "merge"
  wrk.headers["Content-Type"] = kind == "apply" and "application/apply-patch+yaml" or "application/merge-patch+json"
end

function request()
  counter = counter + 1
  local name = "pod-a-" .. id .. "-" .. (counter % 500 + 5)
  local path = "/api/v1/namespaces/default/pods/" .. name
  local meta = '"metadata":{"labels":{"turn":"t' .. counter .. '"}}'
  if kind == "apply" then
    return wrk.format("PATCH", path .. "?fieldManager=bench&force=true", nil, '{"apiVersion":"v1","kind":"Pod",' .. meta .. "}")
  end
  return wrk.format("PATCH", path, nil, "{" .. meta .. "}")
end
