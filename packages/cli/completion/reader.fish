# Reads the line up to the cursor and completes the last word; `__holdfast_know <path>` fills commands, options, values and places.
function __holdfast_kind
  for entry in $__holdfast_values
    set -l pair (string split -m 1 = -- $entry)
    if test "$pair[1]" = "$argv[1]"
      echo $pair[2]
    end
  end
end

function __holdfast_complete
  set -l words (commandline -opc)
  set -l cur (commandline -ct)
  set -l kind
  set -l path
  set -l place 1
  set -l literal
  set -l last
  set -l where
  set -l prefix
  __holdfast_know ''
  for word in $words[2..-1]
    if test -n "$kind"
      contains -- $last --url --data-dir --config; and set -a where $last $word
      set kind
    else if test -n "$literal"
      set place (math $place + 1)
    else if test "$word" = --
      set literal 1
    else if string match -q -- '-*=*' $word
      contains -- (string split -m 1 = -- $word)[1] --url --data-dir --config; and set -a where $word
    else if string match -q -- '-*' $word
      set kind (__holdfast_kind $word)
      set last $word
    else if contains -- $word (string split -f 1 \t -- $__holdfast_commands)
      set path (string trim -- "$path $word")
      set place 1
      __holdfast_know "$path"
    else
      set place (math $place + 1)
    end
  end
  if test -z "$kind" -a -z "$literal"; and string match -q -- '--*=*' $cur
    set -l pair (string split -m 1 = -- $cur)
    set kind (__holdfast_kind $pair[1])
    set prefix "$pair[1]="
    set cur $pair[2]
  else if test -z "$kind" -a -z "$literal"; and string match -q -- '-*' $cur
    printf '%s\n' $__holdfast_options
    return
  else if test -z "$kind" -a $place = 1; and test (count $__holdfast_commands) -gt 0
    printf '%s\n' $__holdfast_commands
    return
  else if test -z "$kind"
    set kind $__holdfast_places[$place]
  end
  switch "$kind"
    case none ''
    case files
      __fish_complete_path $cur
    case directories
      __fish_complete_directories $cur
    case 'choices:*'
      for choice in (string split '|' -- (string replace choices: '' -- $kind))
        echo "$prefix$choice"
      end
    case '*'
      for line in (command $words[1] $where __complete $kind 2>/dev/null </dev/null)
        echo "$prefix$line"
      end
  end
end

complete -c holdfast -f -a '(__holdfast_complete)'
