#!/bin/sh
# Mails to MAILTO what a systemd unit printed. systemd says which one, and how it ended (systemd.exec, MONITOR_…).

[ "$MONITOR_SERVICE_RESULT $MONITOR_EXIT_STATUS" = "success 0" ] && exit 0
subject="attendance on $(uname -n): $MONITOR_UNIT, $MONITOR_SERVICE_RESULT, status $MONITOR_EXIT_STATUS"
run=$MONITOR_INVOCATION_ID
# Lines of the unit's processes, and of systemd about the unit.
journalctl --quiet --output=cat "_SYSTEMD_INVOCATION_ID=$run" + "INVOCATION_ID=$run" | mail -s "$subject" "$MAILTO"
