-- For wrk: sends the signed requests that the file named in S3D_REQUESTS holds, one after another.
local requests, n = {}, 0

function init(args)
	for line in io.lines(os.getenv("S3D_REQUESTS")) do
		requests[#requests + 1] = line:gsub("\\r\\n", "\r\n")
	end
end

function request()
	n = n % #requests + 1
	return requests[n]
end
