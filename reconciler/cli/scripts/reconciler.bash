# Completes reconciler in bash 3.2 and later: eval "$(reconciler completion bash)"
_reconciler_completion() {
    local program="$1" answer="" kind="" tab=$'\t'
    # shellcheck disable=SC2088 # bash passes the word as it was typed
    case "$program" in '~/'*) program="$HOME/${program:2}" ;; esac
    type -P "$program" >/dev/null 2>&1 || program=reconciler
    COMPREPLY=()
    while IFS= read -r answer; do
        if [ -z "$kind" ]; then
            kind="$answer"
        elif [ -n "$answer" ]; then
            COMPREPLY+=("${answer%%"$tab"*}")
        fi
    done <<<"$("$program" completion bash -- "${COMP_LINE:0:$COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)"
    # Before bash 4.0, which has no compopt, file names are completed wherever there is nothing else.
    type compopt >/dev/null 2>&1 || return 0
    case "$kind" in
        files) ;;
        folders) compopt -o dirnames +o default 2>/dev/null ;;
        *) compopt +o default 2>/dev/null ;;
    esac
    case "${COMPREPLY[*]-}" in
        *[/.=]) [ "${#COMPREPLY[@]}" -gt 1 ] || compopt -o nospace 2>/dev/null ;;
    esac
    return 0
}
complete -o default -o nosort -F _reconciler_completion reconciler assistants-reconciler 2>/dev/null ||
    complete -o default -F _reconciler_completion reconciler assistants-reconciler
