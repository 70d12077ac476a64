# Completes reconciler in fish 3.1 and later: reconciler completion fish | source
function __reconciler_completion
    set -l words (commandline -opc)
    while string match -qr '^\w+=' -- "$words[1]"
        set -e words[1]
    end
    set -l current (commandline -ct | string collect)
    set -l program (string replace -r '^~/' "$HOME/" -- "$words[1]")
    set -e words[1]
    command -q -- "$program"; or set program reconciler
    set -l answer (command $program completion fish -- $words "$current" 2>/dev/null)
    set -l option (string match -r -- '^-[^=]*=' "$current")
    set -l path (string replace -r -- '^-[^=]*=' '' "$current")
    switch "$answer[1]"
        case files
            printf '%s\n' "$option"(__fish_complete_path "$path")
        case folders
            printf '%s\n' "$option"(__fish_complete_directories "$path")
        case values
            printf '%s\n' $answer[2..-1]
    end
end
for program in reconciler assistants-reconciler
    complete -c $program -f -k -a '(__reconciler_completion)'
end
