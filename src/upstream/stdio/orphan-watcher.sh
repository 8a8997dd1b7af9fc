#!/bin/sh
# Ends the process groups of a gateway that died without ending them itself (kill -9, crash, out of memory).
#
# Runs in a session of its own, one per gateway. Its stdin is a pipe from the gateway:
#   + ID    the process ID leads a new group of that number
#   - ID    that group is empty
# The end of the pipe means that the gateway is gone: every group still known gets SIGTERM, and SIGKILL 2 s later.
#
# Plain POSIX shell and its own commands, because it lives as long as the gateway and should weigh nothing.
# On Linux it reads /proc: to know a reused process number by its start time, and to find processes that left the
# group but not the session or the family. A process that did all of setsid, fork and exit is found by nobody.
# On macOS only the groups themselves are ended.

trap '' HUP INT TERM PIPE
groups=' ' # " id:start id:start "

# Fields of /proc/ID/stat into state, parent, group, session and start; fails where there is no such process.
look() {
  state='' parent='' group='' session='' start=''
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${line##*) }
  state=$1 parent=$2 group=$3 session=$4 start=${20}
}

add() {
  look "$1" || start=''
  groups="$groups$1:$start "
}

remove() {
  case $groups in
    *" $1:"*)
      tail=${groups#* "$1":}
      groups="${groups%% "$1":*} ${tail#* }"
      ;;
  esac
}

# Keeps only what is still ours: a leader with another start time is a stranger under a reused number.
# A number is not reused while its group has members, so a group without a leader is still the one we knew.
drop_strangers() {
  kept=' '
  for entry in $groups; do
    look "${entry%%:*}" && [ -n "${entry#*:}" ] && [ "$start" != "${entry#*:}" ] && continue
    kept="$kept$entry "
  done
  groups=$kept
}

# Adds to members, as " id:start …", all processes in our groups or sessions and all descendants of members. Linux only.
# Whoever was a stranger once stays one, and is not looked at again: on a busy machine each look is dear.
find_members() {
  [ -r /proc/self/stat ] || return 0
  before=''
  found=$strangers
  while [ "$members" != "$before" ]; do
    before=$members
    for folder in /proc/[0-9]*; do
      id=${folder#/proc/}
      case $members$strangers in *" $id:"*) continue ;; esac
      look "$id" || continue
      case $groups in *" $group:"* | *" $session:"*) members="$members$id:$start " && continue ;; esac
      case $members in *" $parent:"*) members="$members$id:$start " && continue ;; esac
      case $found in *" $id:"*) ;; *) found="$found$id: " ;; esac
    done
  done
  strangers=$found
}

signal_all() {
  for entry in $groups; do kill -s "$1" -- "-${entry%%:*}" 2>/dev/null; done
  for entry in $members; do
    look "${entry%%:*}" && [ "$start" = "${entry#*:}" ] || continue
    # Members of a group had its signal; a second SIGTERM means haste to some servers.
    case $groups in *" $group:"*) ;; *) kill -s "$1" "${entry%%:*}" 2>/dev/null ;; esac
  done
}

is_anyone_left() {
  if [ -r /proc/self/stat ]; then
    for entry in $members; do
      look "${entry%%:*}" && [ "$start" = "${entry#*:}" ] && [ "$state" != Z ] && return 0
    done
    return 1
  fi
  for entry in $groups; do kill -0 -- "-${entry%%:*}" 2>/dev/null && return 0; done
  return 1
}

while read -r verb id; do
  case $verb in
    +) add "$id" ;;
    -) remove "$id" ;;
  esac
done

[ "$groups" = ' ' ] && exit 0
members=' '
strangers=' '
drop_strangers
find_members
signal_all TERM
for second in 1 2; do
  find_members
  is_anyone_left || exit 0
  sleep 1
done
find_members
signal_all KILL
