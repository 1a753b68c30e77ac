-- For Quarto alone; the built-in renderer does the same in lower.py.

-- The words of the report's language, which Quarto hands to its own filters.
local words = quarto.json.decode(quarto.base64.decode(os.getenv("QUARTO_FILTER_PARAMS") or "e30="))

-- Callouts in the PDF: Quarto's own pull a package from the network, ours is a box of the template.
local function callout(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then
      local title = div.attributes["title"] and { pandoc.Str(div.attributes["title"]) }
      local body = div.content
      if not title and body[1] and body[1].t == "Header" then
        title = body[1].content
        body:remove(1)
      end
      local head = pandoc.List({ pandoc.RawInline("typst", '#report-box("' .. kind .. '", [') })
      head:extend(title or { pandoc.Str(words["callout-" .. kind .. "-title"] or kind) })
      head:insert(pandoc.RawInline("typst", "])["))
      local blocks = pandoc.List({ pandoc.Plain(head) })
      blocks:extend(body)
      blocks:insert(pandoc.RawBlock("typst", "]"))
      return blocks
    end
  end
end

-- Only the web, mail and places of the report can be linked to, and no image is fetched.
local function reachable(target)
  local scheme = target:lower():match("^%s*([a-z][a-z0-9+.-]*):")
  return not scheme or scheme == "http" or scheme == "https" or scheme == "mailto"
end

local function as_text(content, target)
  local shown = pandoc.List(content)
  shown:extend({ pandoc.Str(" ("), pandoc.Code(target), pandoc.Str(")") })
  return shown
end

-- The page shall not name the folder it was made in.
local function anonymous(div)
  if div.classes:includes("quarto-embed-nb-cell") then
    for _, key in ipairs({ "notebook", "notebook-title", "notebook-cellId" }) do
      div.attributes[key] = nil
    end
    return div
  end
end

return {
  {
    Link = function(link)
      if not reachable(link.target) then
        return as_text(link.content, link.target)
      end
    end,
    Image = function(image)
      if image.src:match("^//") or image.src:match("^%a[%w+.-]*:") and not image.src:match("^data:image/png;") then
        return as_text(image.caption, image.src)
      end
    end,
    Div = function(div)
      if FORMAT == "typst" then
        local box = callout(div)
        if box then
          return box
        end
      end
      return anonymous(div)
    end,
  },
}
