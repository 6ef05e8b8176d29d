# Reads the line up to the cursor and completes the last word; `__holdfast_know <path>` fills subcommands, flags, flag_values and places.
_holdfast() {
  # Not `commands` and `options`: zsh has those.
  local -a subcommands flags flag_values places where ids
  local kind= route= literal= last= word cur=$words[CURRENT] entry id about
  local -i place=1 index
  __holdfast_know ''
  for (( index = 2; index < CURRENT; index++ )); do
    word=$words[index]
    if [[ -n $kind ]]; then
      case $last in (--url|--data-dir|--config) where+=($last $word) ;; esac
      kind=
    elif [[ -n $literal ]]; then
      place+=1
    elif [[ $word == -- ]]; then
      literal=1
    elif [[ $word == -*=* ]]; then
      case ${word%%=*} in (--url|--data-dir|--config) where+=($word) ;; esac
    elif [[ $word == -* ]]; then
      for entry in $flag_values; do [[ ${entry%%=*} == $word ]] && kind=${entry#*=}; done
      last=$word
    elif [[ -n ${(M)subcommands:#$word:*} ]]; then
      route=${route:+$route }$word
      place=1
      __holdfast_know $route
    else
      place+=1
    fi
  done
  if [[ -z $kind && -z $literal && $cur == --*=* ]]; then
    for entry in $flag_values; do [[ ${entry%%=*} == ${cur%%=*} ]] && kind=${entry#*=}; done
    compset -P '*='
  elif [[ -z $kind && -z $literal && $cur == -* ]]; then
    _describe -o option flags
    return
  elif [[ -z $kind && $#subcommands -gt 0 && $place == 1 ]]; then
    _describe command subcommands
    return
  elif [[ -z $kind ]]; then
    kind=${places[place]:-none}
  fi
  case $kind in
    (none) return 1 ;;
    (files) _files ;;
    (directories) _files -/ ;;
    (choices:*) compadd -- ${(s:|:)${kind#choices:}} ;;
    (*)
      while IFS=$'\t' read -r id about; do
        [[ -n $id ]] && ids+=("${id//:/\\:}:$about")
      done < <(command ${(Q)words[1]} $where __complete $kind 2>/dev/null </dev/null)
      _describe -V $kind ids ;;
  esac
}

compdef _holdfast holdfast
