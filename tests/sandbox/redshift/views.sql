-- Redshift's system views over PostgreSQL's catalogs. They do not show what the stand-in itself created.

CREATE VIEW stand_in.visible_namespace AS
    SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
    WHERE nspname <> 'stand_in' AND nspname !~ '^pg_(toast|temp_\d+$)' OR oid = pg_my_temp_schema();

CREATE VIEW stand_in.visible_class AS
    SELECT c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, c.reltuples, c.relnatts
    FROM pg_catalog.pg_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND c.relname !~ '^spectrum_scan_'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW stand_in.pg_class AS SELECT * FROM stand_in.visible_class;
-- Comments on tables, columns and views (DG: r_COMMENT, "Example"); 1259 is pg_class.
CREATE VIEW stand_in.pg_description AS SELECT objoid, classoid, objsubid, description
    FROM pg_catalog.pg_description WHERE classoid = 1259;
CREATE VIEW stand_in.pg_views AS
    SELECT n.nspname AS schemaname, c.relname AS viewname, pg_get_userbyid(c.relowner) AS viewowner,
        coalesce(l.description::json ->> 'query', pg_get_viewdef(c.oid)) AS definition
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_description l ON l.objoid = c.oid AND l.classoid = 90002 WHERE c.relkind = 'v';

CREATE VIEW stand_in.columns_of AS
    SELECT n.nspname, c.relname, c.oid AS relation, a.attname, a.attnum, a.attnotnull,
        CASE a.atttypid WHEN 'timestamp'::regtype THEN 'timestamp without time zone'
            WHEN 'timestamptz'::regtype THEN 'timestamp with time zone'
            WHEN 'stand_in.super'::regtype THEN 'super'
            ELSE format_type(a.atttypid, a.atttypmod) END AS type,
        a.atttypid, a.atttypmod, pg_get_expr(d.adbin, d.adrelid) AS column_default
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum;

CREATE VIEW stand_in.svv_tables AS
    SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name,
        CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE CASE WHEN n.nspname ~ '^pg_temp' THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END
        END AS table_type, NULL::text AS remarks
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace;

CREATE VIEW stand_in.svv_columns AS
    SELECT current_database() AS table_catalog, nspname AS table_schema, relname AS table_name, attname AS column_name,
        attnum::int AS ordinal_position, column_default, CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
        regexp_replace(type, '\(.*\)', '') AS data_type,
        CASE WHEN type ~ '^char' THEN atttypmod - 4 END AS character_maximum_length, NULL::text AS remarks
    FROM stand_in.columns_of;

-- DG: r_SVV_TRANSACTIONS: the transactions that hold or wait for locks on tables.
CREATE VIEW stand_in.svv_transactions AS
    SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, l.virtualtransaction AS xid, l.pid,
        a.xact_start::timestamp AS txn_start, l.mode AS lock_mode, 'relation'::text AS lockable_object_type,
        l.relation::int AS relation, l.granted
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.relation IN (SELECT oid FROM stand_in.visible_class);
