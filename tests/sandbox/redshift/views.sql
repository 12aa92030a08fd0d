-- System views as Redshift has them, over what PostgreSQL holds. What the stand-in itself made is not shown.

CREATE VIEW stand_in.visible_namespace AS
    SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
    WHERE nspname <> 'stand_in' AND nspname !~ '^pg_(toast|temp_\d+$)' OR oid = pg_my_temp_schema();

CREATE VIEW stand_in.notes AS
    SELECT objoid, classoid, description::json AS note FROM pg_catalog.pg_description WHERE classoid BETWEEN 90001 AND 90003;

CREATE VIEW stand_in.visible_class AS
    SELECT c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, c.reltuples, c.relnatts
    FROM pg_catalog.pg_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND c.relname !~ '^spectrum_scan_'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW stand_in.pg_namespace AS SELECT * FROM stand_in.visible_namespace;
CREATE VIEW stand_in.pg_class AS SELECT * FROM stand_in.visible_class;
-- Comments on tables, columns and views (DG: r_COMMENT, "Example"); 1259 is pg_class.
CREATE VIEW stand_in.pg_description AS SELECT objoid, classoid, objsubid, description
    FROM pg_catalog.pg_description WHERE classoid = 1259;
CREATE VIEW stand_in.pg_user AS SELECT usename, usesysid, usecreatedb, usesuper FROM pg_catalog.pg_user WHERE usename <> 'rdsdb';
CREATE VIEW stand_in.pg_database AS SELECT oid, datname, datdba FROM pg_catalog.pg_database WHERE datname !~ '^(template|postgres$)';
CREATE VIEW stand_in.pg_tables AS
    SELECT n.nspname AS schemaname, c.relname AS tablename, pg_get_userbyid(c.relowner) AS tableowner
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r';
CREATE VIEW stand_in.pg_views AS
    SELECT n.nspname AS schemaname, c.relname AS viewname, pg_get_userbyid(c.relowner) AS viewowner,
        coalesce(l.note ->> 'query', pg_get_viewdef(c.oid)) AS definition
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    LEFT JOIN stand_in.notes l ON l.objoid = c.oid AND l.classoid = 90002 WHERE c.relkind = 'v';
-- Redshift has no indexes.
CREATE VIEW stand_in.pg_indexes AS
    SELECT NULL::name AS schemaname, NULL::name AS tablename, NULL::name AS indexname, NULL::text AS indexdef WHERE false;

CREATE VIEW stand_in.columns_of AS
    SELECT n.nspname, c.relname, c.oid AS relation, a.attname, a.attnum, a.attnotnull,
        CASE a.atttypid WHEN 'timestamp'::regtype THEN 'timestamp without time zone'
            WHEN 'timestamptz'::regtype THEN 'timestamp with time zone'
            WHEN 'stand_in.super'::regtype THEN 'super'
            ELSE format_type(a.atttypid, a.atttypmod) END AS type,
        a.atttypid, a.atttypmod, pg_get_expr(d.adbin, d.adrelid) AS column_default, t.note
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN stand_in.notes t ON t.objoid = c.oid AND t.classoid = 90003;

-- DG: r_PG_TABLE_DEF: only the schemas of the search path; encodings as r_CREATE_TABLE_NEW gives them by default.
CREATE VIEW stand_in.pg_table_def AS
    SELECT nspname AS schemaname, relname AS tablename, attname AS "column", type,
        coalesce(note -> 'encodings' ->> attname::text, CASE
            WHEN nspname ~ '^pg_temp' OR (note::jsonb -> 'sortkeys') ? attname::text THEN 'none'
            WHEN type ~ '^(boolean|real|double)' THEN 'none'
            WHEN type ~ '^char' THEN 'lzo' ELSE 'az64' END) AS encoding,
        coalesce(note ->> 'distkey' = attname::text, false) AS distkey,
        coalesce((SELECT k.at FROM json_array_elements_text(note -> 'sortkeys') WITH ORDINALITY AS k (name, at)
            WHERE k.name = attname::text), 0)::int AS sortkey,
        attnotnull AS "notnull"
    FROM stand_in.columns_of c
    WHERE nspname = ANY (current_schemas(true)) AND EXISTS
        (SELECT 1 FROM stand_in.visible_class v WHERE v.oid = c.relation AND v.relkind = 'r');

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

CREATE VIEW stand_in.information_schema_tables AS
    SELECT table_catalog, table_schema, table_name, table_type FROM stand_in.svv_tables;
CREATE VIEW stand_in.information_schema_columns AS
    SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
        character_maximum_length FROM stand_in.svv_columns;
CREATE VIEW stand_in.information_schema_schemata AS
    SELECT current_database() AS catalog_name, nspname AS schema_name FROM stand_in.visible_namespace;

CREATE VIEW stand_in.svv_table_info AS
    SELECT current_database() AS database, n.nspname AS schema, c.oid::int AS table_id, c.relname AS "table",
        CASE t.note ->> 'style' WHEN 'KEY' THEN 'KEY(' || (t.note ->> 'distkey') || ')' WHEN 'ALL' THEN 'ALL'
            WHEN 'EVEN' THEN 'EVEN' ELSE 'AUTO(ALL)' END AS diststyle,
        t.note -> 'sortkeys' ->> 0 AS sortkey1, json_array_length(t.note -> 'sortkeys') AS sortkey_num,
        greatest(c.reltuples, 0)::numeric(38, 0) AS tbl_rows
    FROM stand_in.visible_class c JOIN stand_in.visible_namespace n ON n.oid = c.relnamespace
    LEFT JOIN stand_in.notes t ON t.objoid = c.oid AND t.classoid = 90003 WHERE c.relkind = 'r';

-- DG: r_SVV_TRANSACTIONS: the transactions that hold or wait for locks on tables.
CREATE VIEW stand_in.svv_transactions AS
    SELECT a.usename::text AS txn_owner, a.datname::text AS txn_db, l.virtualtransaction AS xid, l.pid,
        a.xact_start::timestamp AS txn_start, l.mode AS lock_mode, 'relation'::text AS lockable_object_type,
        l.relation::int AS relation, l.granted
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.relation IN (SELECT oid FROM stand_in.visible_class);
