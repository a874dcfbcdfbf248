-- Applies whole pods on the server's side. First argument: "create" for a new one each time, "same" for the same
-- configuration again, "change" for another label each time, "takeover" for two managers that force each other out.
local threads = 0
local counter = 0
local kind = "create"

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  kind = args[1] or "create"
  wrk.headers["Content-Type"] = "application/apply-patch+yaml"
  note = string.rep("x", 400)
end

function request()
  counter = counter + 1
  local number = kind == "create" and counter or counter % 500 + 1
  local name = "apply-" .. id .. "-" .. number
  local turn = kind == "create" and "t0" or kind == "same" and "t0" or "t" .. counter
  local manager = kind == "takeover" and (counter % 2 == 0 and "other" or "bench") or "bench"
  local body = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"' .. name .. '","namespace":"default",' ..
    '"labels":{"app":"bench","tier":"backend","turn":"' .. turn .. '"},"annotations":{"note":"' .. note .. '"}},' ..
    '"spec":{"containers":[{"name":"main","image":"registry.local/app:1.0","command":["/bin/app"],"args":["--port","8080"],' ..
    '"ports":[{"containerPort":8080}],"env":[{"name":"A","value":"b"},{"name":"C","value":"d"}],' ..
    '"resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"200m","memory":"256Mi"}}}]}}'
  local path = "/api/v1/namespaces/default/pods/" .. name .. "?fieldManager=" .. manager .. "&force=true"
  return wrk.format("PATCH", path, nil, body)
end
