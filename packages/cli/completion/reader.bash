# Reads the line up to the cursor and completes the last word; `__holdfast_know <path>` fills commands, options, values and places.
# Bash 3.2 and newer, without the package bash-completion. Splits the line itself: readline breaks words at `:` and `=`, which ids may hold.
__holdfast_kind() {
  local entry
  kind=
  for entry in $values; do
    if [[ ${entry%%=*} == "$1" ]]; then kind=${entry#*=}; fi
  done
}

__holdfast_ids() {
  local id about
  local -a ids abouts
  while IFS=$'\t' read -r id about; do
    if [[ -n $id && $id == "$cur"* ]]; then ids+=("$id") abouts+=("$about"); fi
  done < <(command "${words[0]}" ${where[@]+"${where[@]}"} __complete "$1" 2>/dev/null </dev/null)
  COMPREPLY=(${ids[@]+"${ids[@]}"})
  # Several are shown with what they are; one is inserted as it is, and so is what a menu steps through (37 is %).
  if (( ${#ids[@]} > 1 )) && [[ $COMP_TYPE != 37 ]]; then
    local index
    for index in "${!ids[@]}"; do COMPREPLY[index]="${ids[index]}  ${abouts[index]}"; done
  fi
}

_holdfast() {
  local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT}
  local commands options values places kind= path= place=0 literal= last= word cur index
  local -a words where
  COMPREPLY=()
  read -r -a words <<< "$line"
  if [[ $line == *[[:space:]] ]]; then words+=(''); fi
  cur=${words[${#words[@]} - 1]}
  where=()
  __holdfast_know ''
  for (( index = 1; index < ${#words[@]} - 1; index++ )); do
    word=${words[index]}
    if [[ -n $kind ]]; then
      case $last in --url | --data-dir | --config) where+=("$last" "$word") ;; esac
      kind=
    elif [[ -n $literal ]]; then
      place=$(( place + 1 ))
    elif [[ $word == -- ]]; then
      literal=1
    elif [[ $word == -*=* ]]; then
      case ${word%%=*} in --url | --data-dir | --config) where+=("$word") ;; esac
    elif [[ $word == -* ]]; then
      __holdfast_kind "$word"
      last=$word
    elif [[ " $commands " == *" $word "* ]]; then
      path=${path:+$path }$word
      place=0
      __holdfast_know "$path"
    else
      place=$(( place + 1 ))
    fi
  done
  if [[ -z $kind && -z $literal && $cur == --*=* ]]; then
    __holdfast_kind "${cur%%=*}"
    cur=${cur#*=}
  elif [[ -z $kind && -z $literal && $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  elif [[ -z $kind && -n $commands && $place == 0 ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
    return
  elif [[ -z $kind ]]; then
    local -a all
    all=($places)
    kind=${all[place]:-none}
  fi
  case $kind in
    none) ;;
    files) compopt -o filenames 2>/dev/null; IFS=$'\n'; COMPREPLY=($(compgen -f -- "$cur")) ;;
    directories) compopt -o filenames 2>/dev/null; IFS=$'\n'; COMPREPLY=($(compgen -d -- "$cur")) ;;
    choices:*) word=${kind#choices:}; COMPREPLY=($(compgen -W "${word//|/ }" -- "$cur")) ;;
    *) __holdfast_ids "$kind" ;;
  esac
  # Readline replaces only what stands behind the last of its breaks.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    word=${cur%"${cur##*:}"}
    for index in "${!COMPREPLY[@]}"; do COMPREPLY[index]=${COMPREPLY[index]#"$word"}; done
  fi
}

complete -F _holdfast holdfast
