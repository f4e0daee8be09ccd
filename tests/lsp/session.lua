-- A session with the language server as Neovim's own client holds it; see run.
local passed, failed = 0, 0

local function check(what, is_right, shown)
    if is_right then
        passed = passed + 1
        print("ok   " .. what)
    else
        failed = failed + 1
        print("FAIL " .. what .. (shown and ": " .. vim.inspect(shown) or ""))
    end
end

local function lines()
    return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

-- The place of the first such words in the text, as a request wants it.
local function at(words, behind)
    for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
        local from = line:find(words, 1, true)
        if from then
            vim.api.nvim_win_set_cursor(0, { number, from - 1 + (behind or 0) })
            return vim.lsp.util.make_position_params(0, "utf-16")
        end
    end
    error("no " .. words)
end

local function ask(method, params)
    local answers = vim.lsp.buf_request_sync(0, method, params, 10000) or {}
    for _, answer in pairs(answers) do
        return answer.result, answer.err or answer.error
    end
end

local function wait_for_diagnostics(count)
    vim.wait(10000, function() return #vim.diagnostic.get(0) == count end, 20)
    return vim.diagnostic.get(0)
end

local function session()
    vim.cmd("filetype plugin on")
    vim.cmd("syntax on")
    vim.cmd("edit " .. vim.env.TENUTO_TEXT)
    check("the type of the file is known", vim.bo.filetype == "tenuto", vim.bo.filetype)
    local id = require("tenuto").attach({ vim.env.TENUTO, "lsp" })
    check("the server greets", vim.wait(10000, function()
        return vim.lsp.buf_is_attached(0, id) and vim.lsp.get_client_by_id(id).initialized
    end, 20))

    local name = vim.fn.synIDattr(vim.fn.synID(1, 1, 1), "name")
    check("words have their colours", name == "tenutoStatement", name)

    local found = wait_for_diagnostics(1)
    check("a mistake is shown", #found == 1 and found[1].code == "T0213", found)
    check("it is shown where it is", #found == 1 and found[1].col == 15, found)

    local params = at("ocf:wbe", 1)
    params.range = { start = params.position, ["end"] = params.position }
    params.context = { diagnostics = {} }
    local actions = ask("textDocument/codeAction", params) or {}
    check("what was meant is offered", #actions == 1 and actions[1].title == 'write "ocf:web"',
        actions)
    vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
    check("and put in", lines():find("try ocf:web, ocf:db together", 1, true), lines())
    check("the mistake goes", #wait_for_diagnostics(0) == 0, vim.diagnostic.get(0))

    vim.api.nvim_buf_set_lines(0, -1, -1, false, { "service ocf:new { try on  }" })
    local items = ask("textDocument/completion", at("try on  ", 7)) or {}
    local labels = vim.tbl_map(function(item) return item.label end, items)
    check("nodes are completed", vim.tbl_contains(labels, "alpha"), labels)
    vim.api.nvim_buf_set_lines(0, -2, -1, false, {})

    local service = "service ocf:more { agent heartbeat:x; set  }"
    vim.api.nvim_buf_set_lines(0, -1, -1, false, { service })
    items = ask("textDocument/completion", at("x; set ", 7)) or {}
    labels = vim.tbl_map(function(item) return item.label end, items)
    check("what an agent takes is completed", #labels == 1 and labels[1] == "port", items)
    vim.api.nvim_buf_set_lines(0, -2, -1, false, { (service:gsub("set ", "set port high")) })
    check("what it cannot read is shown", vim.wait(10000, function()
        local first = vim.diagnostic.get(0)[1]
        return first and first.code == "T0255"
    end, 20), vim.diagnostic.get(0))
    vim.api.nvim_buf_set_lines(0, -2, -1, false, {})
    wait_for_diagnostics(0)

    local hover = ask("textDocument/hover", at("alpha", 1))
    check("a node is told", hover and hover.contents.value:find("10.0.0.1", 1, true), hover)

    local places = ask("textDocument/definition", at("try ocf:web", 5)) or {}
    check("a service is found", #places == 1 and places[1].range.start.line == 4, places)

    local renaming = at("alpha", 1)
    renaming.newName = "한"
    local _, refused = ask("textDocument/rename", renaming)
    check("a name that cannot be is refused", refused and refused.message:find("cannot be"), refused)
    renaming.newName = "omega"
    vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", renaming), "utf-16")
    check("a node is renamed everywhere", not lines():find("alpha", 1, true), lines())

    local edits = ask("textDocument/formatting", vim.lsp.util.make_formatting_params()) or {}
    check("the layout comes as edits", #edits > 2, edits)
    vim.lsp.util.apply_text_edits(edits, 0, "utf-16")
    vim.cmd("write")
    check("the client sent the text as it is", #wait_for_diagnostics(0) == 0)

    vim.lsp.stop_client(id)
    check("the server ends", vim.wait(10000, function() return vim.lsp.client_is_stopped(id) end, 20))
end

local is_whole, words = pcall(session)
check("the session came to its end", is_whole, words)
print(passed .. " passed, " .. failed .. " failed")
vim.cmd(failed == 0 and "qall!" or "cquit!")
