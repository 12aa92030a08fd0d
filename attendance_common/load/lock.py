"""The table that each load locks. Nobody reads it, so no reader has to wait."""

from attendance_common import tables

LOCK_TABLE = tables.LOCK.qualified

# The first statement of a transaction: a snapshot that is taken before it would be stale
# (estuary/connectors#5218).
LOCK = f"LOCK TABLE {LOCK_TABLE}"

# As amazon-redshift-utils' v_check_transaction_locks joins them; the bare word OID is reserved.
WHO_HOLDS_THE_LOCK = (
    "SELECT locks.txn_owner, locks.pid, locks.txn_start FROM svv_transactions AS locks "
    "INNER JOIN pg_class AS tables ON locks.relation = tables.oid "
    f"WHERE locks.granted AND tables.relname = '{tables.LOCK.name}'"
)
