" Vim syntax file for policies and drills of tenuto.
" Its words are those of dsl/phrase.def; a test compares them, so that none is forgotten.
if exists("b:current_syntax")
    finish
endif

syntax iskeyword @,48-57,_,-
syntax match tenutoName "[^ \t#\"{};,=|]\+[.:\[*][^ \t#\"{};,=|]*"
syntax keyword tenutoStatement cluster node let quorum fencing shutdown scheduling defaults
    \ service rule disabled drill alert access
syntax keyword tenutoSetting network token address votes cpus memory witness tie-breaker
    \ wait-for-all last-man-standing two-node watchdog storm quarantine device agent fences
    \ level delay timeout retry set mode rebalance improve method workers state restart
    \ relocate priority failback monitor start stop migrate keep try recover run on admin
    \ operator viewer
syntax keyword tenutoCommand drill policy at within expect power cut mend partition crash
    \ restart reboot shutdown store fail kill usage size place moved migrate relocate stop clear
    \ maintenance disarm arm state add remove push snapshot unkind heal stall wake upgrade hold slow
syntax keyword tenutoWord lan conditional failover freeze basic together apart key virtual cloud
    \ wan ffsplit lms lowest highest yes no none per static dynamic when imbalance for
    \ exhaustive topsis started stopped ignored after every live never then
    \ master moves off work times always cpu to ignore by settled secret error
syntax match tenutoNumber "\<\d\+\(\.\d\+\)\?\(ms\|[smhdKMGT]\)\?\>"
syntax match tenutoDollar "\$\(name\|type\|\$\)" contained
syntax match tenutoEscape "\\." contained
syntax region tenutoString start=+"+ skip=+\\.+ end=+"+ oneline contains=tenutoDollar,tenutoEscape
syntax match tenutoComment "#.*$" contains=@Spell

highlight default link tenutoStatement Statement
highlight default link tenutoSetting Keyword
highlight default link tenutoCommand Keyword
highlight default link tenutoWord Type
highlight default link tenutoName Identifier
highlight default link tenutoNumber Number
highlight default link tenutoString String
highlight default link tenutoDollar Special
highlight default link tenutoEscape Special
highlight default link tenutoComment Comment

let b:current_syntax = "tenuto"
