" Four columns a block, as the formatter has it; # begins a comment.
if exists("b:did_ftplugin")
    finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:# expandtab shiftwidth=4 softtabstop=4
setlocal iskeyword+=-,:,.
let b:undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< iskeyword<"

" Neovim speaks to the language server by itself.
if has("nvim") && executable("tenuto") && !exists("g:tenuto_no_lsp")
    lua require("tenuto").attach()
endif
