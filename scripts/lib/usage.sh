# Sourced from the checkout's directory, before a script does anything.

# refuse_flags 'KNOWN...' "$@": --help prints the comment at the head of the script and ends it; a flag that is not KNOWN
# ends it with 2. What is behind -- is another's.
refuse_flags() {
  known=" $1 "
  shift
  for word; do
    case $word in
      --) break ;;
      -h | --help) sed -n '/^#!/d;/^#/!q;s/^# \{0,1\}//p' "scripts/${0##*/}"; exit 0 ;;
      -*) case $known in *" $word "*) ;; *) echo "${0##*/}: no flag $word: scripts/${0##*/} --help" >&2; exit 2 ;; esac ;;
    esac
  done
}

# refuse_words "$@": of a script that takes none.
refuse_words() {
  refuse_flags '' "$@"
  [ $# = 0 ] || { echo "${0##*/}: takes no arguments, not $1" >&2; exit 2; }
}
