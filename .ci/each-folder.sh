# shellcheck shell=bash
# A step of action.yml begins with this file: where FOLDERS names folders, the step is carried out in each of them, and
# not here. Each has its own FOLDER for the files that are made. A folder in which it fails keeps no other from its turn;
# then the step fails. After an interrupt no other has its turn.
if [ -n "${FOLDERS:-}" ] && [ -z "${IN_FOLDER:-}" ]; then
  read -r -d '' -a folders <<< "$FOLDERS" || true
  if [ "${#folders[@]}" = 0 ]; then echo "::error::folders has only blanks, and names no folder" && exit 1; fi
  folders=("${folders[@]%/}")
  folders=("${folders[@]#./}")
  named=$'\n'
  for folder in "${folders[@]}"; do
    case "/$folder/" in
      //* | /-* | */../*) echo "::error::folders takes paths below the working directory, and not $folder" && exit 1 ;;
    esac
    case "$named" in
      *$'\n'"$folder"$'\n'*) echo "::error::folders names $folder twice" && exit 1 ;;
    esac
    named+=$folder$'\n'
  done
  stack=${STACK:-${RECONCILER_STACK:-}}
  if [ -n "$stack" ] && [ "${stack#*\{stack\}}" = "$stack" ]; then
    echo "::error::with folders, the stack contains {stack}, because two folders must not share one" && exit 1
  fi
  failed=0
  trap 'exit 130' INT
  for folder in "${folders[@]}"; do
    echo "In $folder:"
    if [ ! -d "$folder" ]; then
      echo "::error::There is no folder $folder." && failed=1
      continue
    fi
    (
      export IN_FOLDER=$folder FOLDER=$FOLDER/folders/$folder
      if [ -n "${RECONCILER_STATE_DIR:-}" ]; then export RECONCILER_STATE_DIR=$FOLDER/state; fi
      if [ -n "${RECONCILER_JSON_INTO:-}" ]; then export RECONCILER_JSON_INTO=$FOLDER/events.jsonl; fi
      if [ -n "${HISTORY:-}" ]; then export HISTORY=$HISTORY/$folder; fi
      mkdir -p "$FOLDER" && cd -- "$folder" && exec bash --noprofile --norc -e -o pipefail "$0"
    ) || failed=1
  done
  exit "$failed"
fi
