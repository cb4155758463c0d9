---Completion scripts for the shells. Each script runs `cmr completion candidates` while the user types. `make install`
---runs this file alone, so the file requires no other module.

local completion_scripts = {}

completion_scripts.bash = [=[
# Completion of cmr in bash 3.2 and newer.
_cmr() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} words word before prefix file candidate
    read -ra words <<<"$line" # COMP_WORDS is split at = and @ as well
    [[ $line == *[[:space:]] ]] && words+=("")
    word=${words[${#words[@]} - 1]}
    before=${word%"${word##*[$COMP_WORDBREAKS]}"} # readline keeps this part, except an @, and replaces the rest
    before=${before%@}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate != $'\t'* ]]; then
            candidate=${candidate%%$'\t'*}
            COMPREPLY+=("${candidate#"$before"}")
            continue
        fi
        prefix=${candidate#$'\t'}
        [[ $prefix == *@ ]] || compopt -o filenames 2>/dev/null # readline takes no word with @ in front for a file
        while IFS= read -r file; do
            candidate=$prefix$file
            if [[ $prefix == *@ ]]; then
                printf -v candidate '%s%q' "$prefix" "$file"
                [[ -d $file ]] && candidate+=/ && compopt -o nospace 2>/dev/null
            fi
            COMPREPLY+=("${candidate#"$before"}")
        done < <(compgen -f -- "${word#"$prefix"}")
    done < <("$1" completion candidates -- "${words[@]:1}" 2>/dev/null)
}
complete -F _cmr cmr
]=]

completion_scripts.zsh = [=[
#compdef cmr
# Completion of cmr in zsh.
_cmr() {
    local candidate
    local -a line=("${(@)words[2,CURRENT-1]}" "$PREFIX") candidates
    for candidate in "${(@f)$("$words[1]" completion candidates -- "$line[@]" 2>/dev/null)}"; do
        case $candidate in
        $'\t'*) compset -P "${(b)${candidate#$'\t'}}"; _files; return ;;
        ?*) candidates+=("${${candidate%%$'\t'*}//:/\\:}:${candidate#*$'\t'}") ;;
        esac
    done
    _describe cmr candidates
}
if [[ $funcstack[1] == _cmr ]]; then
    _cmr "$@"
elif (( $+functions[compdef] )); then
    compdef _cmr cmr
else # compinit has not run yet: register before the first prompt
    _cmr_register() {
        precmd_functions=(${precmd_functions:#_cmr_register})
        (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
        compdef _cmr cmr
    }
    precmd_functions+=(_cmr_register)
fi
]=]

completion_scripts.fish = [=[
# Completion of cmr in fish.
function __cmr_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for candidate in (command $words[1] completion candidates -- $words[2..-1] "$word" 2>/dev/null)
        if string match -q \t'*' -- $candidate
            set -l prefix (string sub -s 2 -- $candidate)
            for path in (__fish_complete_path (string sub -s (math 1 + (string length -- "$prefix")) -- "$word"))
                echo $prefix$path
            end
        else
            echo $candidate
        end
    end
end
complete -c cmr -f -a '(__cmr_complete)'
]=]

return completion_scripts
