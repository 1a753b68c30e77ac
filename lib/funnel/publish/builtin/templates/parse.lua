-- Reads [[format, text], ...] from standard input and writes the blocks of each as JSON: many small
-- texts in one run of Pandoc, none of which can reach into another.
local trees = pandoc.List()
for _, job in ipairs(pandoc.json.decode(io.read("a"), false)) do
  trees:insert(pandoc.read(job[2], job[1]).blocks)
end
io.write(pandoc.json.encode(trees))
