-- Requests of the API benchmark for wrk; KIND is quote, cover or batch, PAUSE_MS paces each connection.
local kind, key, series = os.getenv("KIND"), os.getenv("KEY"), os.getenv("SERIES")
local path, run = os.getenv("REQUEST_PATH"), os.getenv("RUN")
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
local holder = "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1"
local threads, sent = 0, 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

local function transaction()
  sent = sent + 1
  local hash = string.format("0x%s%02x%046x", run, thread_number, sent)
  return string.format(
    '{"holder":"%s","transaction_hash":"%s","sum_insured":"1000000"}', holder, hash)
end

function request()
  local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. key}
  local body
  if kind == "quote" then
    body = string.format('{"product":1,"risk":0,"holder":"%s","sum_insured":"100000000000",'
      .. '"loss_per_hour":"1000000000","dependencies":[],"term":86400}', holder)
  elseif kind == "cover" then
    body = string.format('{"series":"%s",%s', series, string.sub(transaction(), 2))
    headers["Idempotency-Key"] = string.format("%s-%d-%d", run, thread_number, sent)
  else
    local all = {}
    for place = 1, 1000 do all[place] = transaction() end
    body = string.format('{"series":"%s","transactions":[%s]}', series, table.concat(all, ","))
    headers["Idempotency-Key"] = string.format("%s-%d-%d", run, thread_number, sent)
  end
  return wrk.format("POST", path, headers, body)
end

function delay()
  return pause
end

function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %.3f %d %d %.3f %.3f\n", summary.duration / 1e6,
    summary.requests, failed, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
