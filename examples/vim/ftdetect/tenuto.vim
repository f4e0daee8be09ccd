autocmd BufNewFile,BufRead *.tenuto,*.drill setfiletype tenuto
