#!/bin/sh
# One fetch, then one load: run.sh [FLAGS OF THE FETCHER]
#
# A run that comes while another is under way waits for it WAIT seconds, and is then left out.
# The loader runs after a fetch with status 0 or 3. The exit status is the loader's, or the fetcher's where the
# loader did not run or has nothing to say. A run that is left out has status 1; where flock fails, it is 2.
# What a person should read is mailed to MAILTO. Without MAILTO, or where mail fails, it is printed.

home=/opt/esd
logs=/var/log/esd
host=$(uname -n)

mail_or_print() {  # mail_or_print SUBJECT TEXT
    if [ -n "${MAILTO:-}" ]; then
        # 9>&-: a mail program that goes on in the background must not keep the lock.
        printf '%s\n' "$2" | mail -s "$1" "$MAILTO" 9>&- && return
    fi
    printf '%s\n\n%s\n' "$1" "$2"
}

report() {  # report NAME STATUS RESULT_LINE: the status, and the sentences of the result line
    echo "$1: status $2, log: $logs/$1.log"
    printf '%s\n' "$3" | .venv/bin/python -c '
import json, sys
from attendance_common.alerts import sentences_of
for sentence in sentences_of(json.loads(sys.stdin.read().splitlines()[-1])):
    print("-", sentence)
' 2>/dev/null || echo "- it left no result line"
}

cd "$home" || exit 1
exec 9>"$logs/run.lock" || exit 1
busy=75
why=$({ flock --conflict-exit-code $busy --wait "${WAIT:-0}" 9; } 2>&1)
status=$?
if [ $status -eq $busy ]; then
    mail_or_print "attendance on $host: left out" "Another run is under way."
    exit 1
elif [ $status -ne 0 ]; then  # flock is not installed, or WAIT is no number of seconds
    mail_or_print "attendance on $host: not started" "flock ended with status $status: $why"
    exit 2
fi

result=$(.venv/bin/python esd_period_attendance_fetcher.py "$@" 2>>"$logs/fetch.log")
status=$?
printf '%s\n' "$result" >>"$logs/fetch.jsonl"
text=$(report fetch $status "$result")

if [ $status -eq 0 ] || [ $status -eq 3 ]; then
    result=$(.venv/bin/python redshift_loader.py 2>>"$logs/load.log")
    loaded=$?
    printf '%s\n' "$result" >>"$logs/load.jsonl"
    text="$text
$(report load $loaded "$result")"
    [ $loaded -eq 0 ] || status=$loaded
fi

[ $status -eq 0 ] || mail_or_print "attendance on $host: status $status" "$text"
exit $status
