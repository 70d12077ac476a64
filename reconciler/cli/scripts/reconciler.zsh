#compdef reconciler assistants-reconciler
# Completes reconciler in zsh: eval "$(reconciler completion zsh)", or save it as _reconciler in a folder of $fpath.
_reconciler() {
    local program=${(Q)words[1]} line value
    local -a answer described open
    program=${program/#\~\//$HOME/}
    [[ -n ${commands[$program]} || ( $program == */* && -x $program ) ]] || program=reconciler
    answer=("${(@f)$($program completion zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    if [[ ${answer[1]} == (files|folders) ]]; then
        [[ $PREFIX != -*=* ]] || compset -P '*='
        if [[ ${answer[1]} == files ]]; then _files; else _files -/; fi
        return
    fi
    for line in "${(@)answer[2,-1]}"; do
        value=${line%%$'\t'*}
        if [[ $value == *[/.=] ]]; then
            open+=("$value")
        elif [[ -n $value ]]; then
            described+=("${value//:/\\:}:${line#*$'\t'}")
        fi
    done
    (( ! $#open )) || compadd -V open -S '' -a open
    (( ! $#described )) || _describe -V 'reconciler' described
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _reconciler "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _reconciler reconciler assistants-reconciler
fi
