-- Tiles and cards of the page, as Word and slides show them: read from its HTML, by both renderers.
local read = {}

local function styled(div, words)
  return (div.attributes.style or ""):find(words, 1, true) ~= nil
end

function read.is_tiles(div)
  return styled(div, "display:flex")
end

function read.is_card(div)
  return styled(div, "border-left:4px")
end

function read.inlines(blocks)
  return pandoc.utils.blocks_to_inlines(blocks, { pandoc.LineBreak() })
end

-- A row of tiles: title, number and small lines, one below the other.
function read.tiles(div)
  local heads, numbers, lines, aligns, widths = {}, {}, {}, {}, {}
  for _, tile in ipairs(div.content) do
    local parts = tile.content
    table.insert(heads, { pandoc.Plain(read.inlines({ parts[1] })) })
    table.insert(numbers, { pandoc.Plain({ pandoc.Strong(read.inlines({ parts[2] })) }) })
    local below = pandoc.List({})
    for at = 3, #parts do
      below:insert(parts[at])
    end
    table.insert(lines, { pandoc.Plain(read.inlines(below)) })
    table.insert(aligns, pandoc.AlignLeft)
    table.insert(widths, 0)
  end
  local made = pandoc.SimpleTable({}, aligns, widths, heads, { numbers, lines })
  return pandoc.utils.from_simple_table(made)
end

-- A card: its title in bold, its lines below.
function read.card(blocks)
  if blocks[1] and (blocks[1].t == "Para" or blocks[1].t == "Plain") then
    blocks[1] = pandoc.Para({ pandoc.Strong(blocks[1].content) })
  end
  return blocks
end

return read
