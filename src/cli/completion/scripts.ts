// What shells source. They know nothing of tinyrun's words: `tinyrun __complete -- WORD...` answers what may stand where
// the cursor is (answer.ts has the form of it).
import { dict } from '../../store/dict.ts';

const BASH = String.raw`# bash completion for tinyrun: source <(tinyrun completion bash)
_tinyrun() {
  local rest=${'$'}{COMP_LINE:0:COMP_POINT} words=() lines=() i part current head='' then line
  # bash splits words at what is in COMP_WORDBREAKS, = and : too; for tinyrun --pull=never is one word
  for ((i = 0; i <= COMP_CWORD; i++)); do
    part=${'$'}{COMP_WORDS[i]}
    if [[ $i == 0 || $rest == [[:space:]]* ]]; then
      rest=${'$'}{rest#"${'$'}{rest%%[![:space:]]*}"}
      words+=('')
    fi
    [[ $rest == "$part"* ]] || part=$rest
    words[${'$'}{#words[@]}-1]+=$part
    rest=${'$'}{rest#"$part"}
  done
  words=("${'$'}{words[@]//[\"\'\\]/}")
  current=${'$'}{words[${'$'}{#words[@]}-1]}
  mapfile -t lines < <("${'$'}{words[0]/#\~/$HOME}" __complete -- "${'$'}{words[@]:1}" 2>/dev/null)
  ((${'$'}{#lines[@]})) || return
  then=${'$'}{lines[${'$'}{#lines[@]}-1]}
  unset "lines[${'$'}{#lines[@]}-1]"
  # what bash took for words of their own stays where it is
  [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && head=${'$'}{current%"${'$'}{current##*=}"}
  [[ $COMP_WORDBREAKS == *:* && ${'$'}{current#"$head"} == *:* ]] && head=${'$'}{current%"${'$'}{current##*:}"}
  case $then in
    :files | :directories)
      compopt -o filenames 2>/dev/null
      part=${'$'}{current#"$head"}
      [[ $current == --*=* ]] && part=${'$'}{current#*=}
      if [[ $then == :files ]]; then mapfile -t COMPREPLY < <(compgen -f -- "$part")
      else mapfile -t COMPREPLY < <(compgen -d -- "$part"); fi
      return ;;
    :open) compopt -o nospace 2>/dev/null ;;
  esac
  COMPREPLY=()
  for line in "${'$'}{lines[@]}"; do
    line=${'$'}{line%%${'$'}'\t'*}
    COMPREPLY+=("${'$'}{line#"$head"}")
  done
}
complete -F _tinyrun tinyrun
`;

const ZSH = String.raw`#compdef tinyrun
# zsh completion for tinyrun: source <(tinyrun completion zsh), or this file as _tinyrun in a directory of fpath
_tinyrun() {
  local -a lines shown open
  local then line
  lines=("${'$'}{(@f)$("${'$'}{(Q)words[1]}" __complete -- "${'$'}{(@Q)words[2,CURRENT-1]}" "${'$'}{(Q)PREFIX}" 2>/dev/null)}")
  then=${'$'}{lines[-1]}
  lines[-1]=()
  case $then in
    :files | :directories)
      [[ $PREFIX == --*=* ]] && compset -P '*='
      if [[ $then == :files ]]; then _files; else _files -/; fi
      return ;;
    :open) open=(-S '') ;;
  esac
  for line in $lines; do
    shown+=("${'$'}{${'$'}{line%%${'$'}'\t'*}//:/\\:}${'$'}{${'$'}{(M)line:#*${'$'}'\t'*}:+:${'$'}{line#*${'$'}'\t'}}")
  done
  _describe -t words tinyrun shown $open
}
if [[ $funcstack[1] == _tinyrun ]]; then _tinyrun "$@"; else compdef _tinyrun tinyrun; fi
`;

const FISH = String.raw`# fish completion for tinyrun: tinyrun completion fish | source
function __tinyrun_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  set -l then $lines[-1]
  set -e lines[-1]
  switch "$then"
    case :files :directories
      set -l head (string match -r '^--[^=]+=' -- $current)
      set -l typed (string replace -r '^--[^=]+=' '' -- $current)
      set -l paths
      if test $then = :files
        set paths (__fish_complete_path "$typed")
      else
        set paths (__fish_complete_directories "$typed")
      end
      for path in $paths
        echo "$head$path"
      end
    case '*'
      test (count $lines) -gt 0; and printf '%s\n' $lines
  end
end
complete -c tinyrun -e
complete -c tinyrun -f -a '(__tinyrun_complete)'
`;

/** The script of a shell by its name. */
export const SCRIPTS: Readonly<Record<string, string>> = dict({ bash: BASH, zsh: ZSH, fish: FISH });
