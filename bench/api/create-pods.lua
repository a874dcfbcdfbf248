-- Creates pods of about 1.2 KB, each under a name of its own. The first argument tells runs apart; with a second one
-- it stops after so many pods.
local threads = 0
local counter = 0
local answers = 0
local run = "a"
local limit = math.huge

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  run = args[1] or "a"
  -- Half of them are the other thread's.
  limit = (tonumber(args[2]) or math.huge) / 2
  wrk.headers["Content-Type"] = "application/json"
  note = string.rep("x", 400)
end

function response()
  answers = answers + 1
  if answers < limit then return end
  wrk.thread:stop()
  -- wrk itself goes on until it is told.
  io.write("enough\n")
  io.flush()
end

function request()
  counter = counter + 1
  local name = "pod-" .. run .. "-" .. id .. "-" .. counter
  local body = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"' .. name .. '","namespace":"default",' ..
    '"labels":{"app":"bench","tier":"backend","release":"r' .. (counter % 10) .. '"},"annotations":{"note":"' .. note .. '"}},' ..
    '"spec":{"containers":[{"name":"main","image":"registry.local/app:1.0","command":["/bin/app"],"args":["--port","8080"],' ..
    '"ports":[{"containerPort":8080}],"env":[{"name":"A","value":"b"},{"name":"C","value":"d"}],' ..
    '"resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"200m","memory":"256Mi"}}}]}}'
  return wrk.format("POST", "/api/v1/namespaces/default/pods", nil, body)
end
