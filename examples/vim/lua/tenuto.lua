-- The language server of tenuto for Neovim (0.7 and later); one for all texts of an editor.
local M = { client = nil }

function M.attach(cmd)
    if not M.client then
        M.client = vim.lsp.start_client({
            name = "tenuto",
            cmd = cmd or { "tenuto", "lsp" },
            root_dir = vim.fn.getcwd(),
            on_exit = function() M.client = nil end,
        })
    end
    if M.client then
        vim.lsp.buf_attach_client(0, M.client)
        vim.bo.omnifunc = "v:lua.vim.lsp.omnifunc"
    end
    return M.client
end

return M
