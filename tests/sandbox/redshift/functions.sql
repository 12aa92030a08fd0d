-- Functions that PostgreSQL has not, or has with another meaning. The rewriting calls these by their full name.
CREATE SCHEMA stand_in;

-- Casts ------------------------------------------------------------------------------------------------------

-- A cast to VARCHAR(n) cuts after n bytes, never within a character (DG: r_Character_types).
CREATE FUNCTION stand_in.cut(value text, bytes int) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE kept text := left(value, bytes);
BEGIN
    WHILE octet_length(kept) > bytes LOOP
        kept := left(kept, greatest(1, length(kept) - (octet_length(kept) - bytes + 3) / 4));
    END LOOP;
    RETURN kept;
END $$;
CREATE FUNCTION stand_in.cut(value anyelement, bytes int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT stand_in.cut($1::text, $2)';
-- Digits are bytes; PostgreSQL inlines these.
CREATE FUNCTION stand_in.cut(value bigint, bytes int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT left($1::text, $2)';
CREATE FUNCTION stand_in.cut(value integer, bytes int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT left($1::text, $2)';
CREATE FUNCTION stand_in.cut(value boolean, bytes int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type boolean to character varying' USING ERRCODE = '42846';
END $$;

-- Redshift has no cast from BOOLEAN to text, neither by CAST, nor on INSERT, nor before ||.
CREATE FUNCTION stand_in.no_text(value boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type boolean to character varying' USING ERRCODE = '42846';
END $$;
CREATE FUNCTION stand_in.no_varchar(value boolean) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN stand_in.no_text(value);
END $$;
DELETE FROM pg_cast WHERE castsource = 'boolean'::regtype
    AND casttarget IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype);
CREATE CAST (boolean AS text) WITH FUNCTION stand_in.no_text(boolean) AS ASSIGNMENT;
CREATE CAST (boolean AS varchar) WITH FUNCTION stand_in.no_varchar(boolean) AS ASSIGNMENT;
CREATE FUNCTION stand_in.no_bpchar(value boolean) RETURNS bpchar LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN stand_in.no_text(value);
END $$;
CREATE CAST (boolean AS bpchar) WITH FUNCTION stand_in.no_bpchar(boolean) AS ASSIGNMENT;

-- Nor has it one the other way, except for a literal (fivetran/dbt_stripe#79).
CREATE FUNCTION stand_in.no_text_as_boolean(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'cannot cast type character varying to boolean' USING ERRCODE = '42846';
END $$;
CREATE FUNCTION stand_in.no_text_as_boolean(value anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT $1';

-- No text is longer than the longest VARCHAR (DG: r_Character_types).
CREATE FUNCTION stand_in.fits(value text, refusal text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(value) > 65535 THEN
        RAISE EXCEPTION '%', refusal USING ERRCODE = '54000';
    END IF;
    RETURN value;
END $$;

-- || for anything and text, less BOOLEAN: PostgreSQL's takes every type.
DELETE FROM pg_operator WHERE oprname = '||' AND 'text'::regtype IN (oprleft, oprright)
    AND 'anynonarray'::regtype IN (oprleft, oprright);
DO $block$
DECLARE other text;
BEGIN
    FOREACH other IN ARRAY ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'date',
        'timestamp', 'timestamptz', 'time'] LOOP
        EXECUTE format('CREATE FUNCTION stand_in.joined(a %s, b text) RETURNS text LANGUAGE sql STABLE '
            'AS $$SELECT textcat($1::text, $2)$$', other);
        EXECUTE format('CREATE FUNCTION stand_in.joined(a text, b %s) RETURNS text LANGUAGE sql STABLE '
            'AS $$SELECT textcat($1, $2::text)$$', other);
        EXECUTE format('CREATE OPERATOR pg_catalog.|| '
            '(LEFTARG = %s, RIGHTARG = text, FUNCTION = stand_in.joined)', other);
        EXECUTE format('CREATE OPERATOR pg_catalog.|| '
            '(LEFTARG = text, RIGHTARG = %s, FUNCTION = stand_in.joined)', other);
    END LOOP;
END $block$;

CREATE FUNCTION stand_in.joined(a boolean, b text) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT stand_in.no_text($1)';
CREATE FUNCTION stand_in.joined(a text, b boolean) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT stand_in.no_text($2)';
CREATE OPERATOR pg_catalog.|| (LEFTARG = boolean, RIGHTARG = text, FUNCTION = stand_in.joined);
CREATE OPERATOR pg_catalog.|| (LEFTARG = text, RIGHTARG = boolean, FUNCTION = stand_in.joined);

-- PostgreSQL 16 reads 0x1F and 1_000 as numbers, an 8.0 does not.
CREATE FUNCTION stand_in.integer_text(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value !~ '^\s*[+-]?\d+\s*$' THEN
        RAISE EXCEPTION 'invalid input syntax for integer: "%"', value USING ERRCODE = '22P02';
    END IF;
    RETURN value;
END $$;
CREATE FUNCTION stand_in.integer_text(value anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT $1';
CREATE FUNCTION stand_in.number_text(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value !~* '^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$' THEN
        RAISE EXCEPTION 'invalid input syntax for type numeric: "%"', value USING ERRCODE = '22P02';
    END IF;
    RETURN value;
END $$;
CREATE FUNCTION stand_in.number_text(value anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT $1';

-- DG: automatic-recognition; more than six digits of a second are documented nowhere, and words such as
-- 'tomorrow' must not decide what is stored.
CREATE FUNCTION stand_in.no_time(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF value ~ '\.\d{7,}' THEN
        RAISE EXCEPTION 'more than 6 fractional digits in "%" are not confirmed for Redshift', value
            USING ERRCODE = '0A000';
    END IF;
    RAISE EXCEPTION 'invalid input syntax for type timestamp: "%"', value USING ERRCODE = '22007';
END $$;
CREATE FUNCTION stand_in.time_text(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value ~ '\.\d{7,}' OR value !~ '\d' THEN stand_in.no_time(value) ELSE value END $$;
CREATE FUNCTION stand_in.time_text(value anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT $1';

-- TRY_CAST: the text when the cast would succeed, else NULL. From VARCHAR only.
CREATE FUNCTION stand_in.castable(value text, target text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN target ~ '^(smallint|int|bigint)' AND value !~ '^\s*[+-]?\d+\s*$' THEN NULL
        WHEN target ~ '^(decimal|numeric|real|float|double)'
            AND value !~* '^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$' THEN NULL
        WHEN target ~ '^(date|time)' AND (value !~ '\d' OR value ~ '\.\d{7,}') THEN NULL
        WHEN pg_input_is_valid(value, target) THEN value
    END $$;

-- Dates ------------------------------------------------------------------------------------------------------

CREATE FUNCTION stand_in.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS 'SELECT now()::timestamp';
-- DG: r_GETDATE: the start of the statement, without fractions of a second.
CREATE FUNCTION stand_in.getdate() RETURNS timestamp LANGUAGE sql STABLE
    AS 'SELECT date_trunc(''second'', statement_timestamp())::timestamp';

CREATE FUNCTION stand_in.interval_of(part text, amount bigint) RETURNS interval LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE
        WHEN part IN ('year', 'years', 'y', 'yr', 'yrs') THEN make_interval(years => amount::int)
        WHEN part IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN make_interval(months => 3 * amount::int)
        WHEN part IN ('month', 'months', 'mon', 'mons') THEN make_interval(months => amount::int)
        WHEN part IN ('week', 'weeks', 'w') THEN make_interval(weeks => amount::int)
        WHEN part IN ('day', 'days', 'd') THEN make_interval(days => amount::int)
        WHEN part IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN make_interval(hours => amount::int)
        WHEN part IN ('minute', 'minutes', 'm', 'min', 'mins') THEN make_interval(mins => amount::int)
        WHEN part IN ('second', 'seconds', 's', 'sec', 'secs') THEN amount * interval '1 second'
        WHEN part IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs') THEN amount * interval '1 millisecond'
        WHEN part IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs') THEN amount * interval '1 microsecond'
        ELSE stand_in.unknown_part(part)::interval
    END;
END $$;
CREATE FUNCTION stand_in.unknown_part(part text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION 'date part "%" is not supported', part USING ERRCODE = '22023';
END $$;

CREATE FUNCTION stand_in.dateadd(part text, amount bigint, at timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE
    AS 'SELECT $3 + stand_in.interval_of(lower($1), $2)';

-- DG: r_DATEDIFF_function: counts the boundaries that are crossed. One expression, so that PostgreSQL
-- inlines it, and keeps the one branch of a constant part.
CREATE FUNCTION stand_in.datediff(part text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN lower(part) IN ('year', 'years', 'y', 'yr', 'yrs') THEN extract(year FROM b) - extract(year FROM a)
        WHEN lower(part) IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN
            4 * (extract(year FROM b) - extract(year FROM a)) + extract(quarter FROM b) - extract(quarter FROM a)
        WHEN lower(part) IN ('month', 'months', 'mon', 'mons') THEN
            12 * (extract(year FROM b) - extract(year FROM a)) + extract(month FROM b) - extract(month FROM a)
        WHEN lower(part) IN ('week', 'weeks', 'w') THEN
            (date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date) / 7
        WHEN lower(part) IN ('day', 'days', 'd') THEN b::date - a::date
        WHEN lower(part) IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN
            extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a)) / 3600
        WHEN lower(part) IN ('minute', 'minutes', 'm', 'min', 'mins') THEN
            extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a)) / 60
        WHEN lower(part) IN ('second', 'seconds', 's', 'sec', 'secs') THEN
            extract(epoch FROM date_trunc('second', b) - date_trunc('second', a))
        WHEN lower(part) IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs') THEN
            extract(epoch FROM date_trunc('milliseconds', b) - date_trunc('milliseconds', a)) * 1000
        WHEN lower(part) IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs') THEN extract(epoch FROM b - a) * 1000000
        ELSE stand_in.unknown_part(lower(part))::bigint
    END::bigint $$;
-- DG: r_DATE_TRUNC: a TIMESTAMP of a DATE, where PostgreSQL gives one with a time zone.
CREATE FUNCTION stand_in.date_trunc(part text, at timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.date_trunc($1, $2)';
CREATE FUNCTION stand_in.date_trunc(part text, at date) RETURNS timestamp LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.date_trunc($1, $2::timestamp)';
CREATE FUNCTION stand_in.date_trunc(part text, at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.date_trunc($1, $2)';
-- DG: r_EXTRACT_function: whole numbers, except of a TIMESTAMPTZ. PostgreSQL gives NUMERIC.
CREATE FUNCTION stand_in.extracted(part text, at timestamp) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT trunc(pg_catalog.date_part($1, $2))::int';
CREATE FUNCTION stand_in.extracted(part text, at date) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT trunc(pg_catalog.date_part($1, $2))::int';
CREATE FUNCTION stand_in.extracted(part text, at time) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT trunc(pg_catalog.date_part($1, $2))::int';
CREATE FUNCTION stand_in.extracted(part text, length interval) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT trunc(pg_catalog.date_part($1, $2))::int';
CREATE FUNCTION stand_in.extracted(part text, at timestamptz) RETURNS double precision LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.date_part($1, $2)';

-- TO_DATE rolls a day over that its month does not have, unless the third argument is TRUE
-- (DG: r_TO_DATE_function). PostgreSQL refuses it; every other fault is an error in both.
CREATE FUNCTION stand_in.to_date(value text, format text, strict boolean) RETURNS date
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    pattern text := upper(format);
    year int; month int; day int;
BEGIN
    RETURN pg_catalog.to_date(value, format);
EXCEPTION WHEN datetime_field_overflow THEN
    IF pattern !~ '^(YYYY|MM|DD|[^A-Z0-9])+$' THEN RAISE; END IF;
    year := stand_in.field(value, pattern, 'YYYY');
    month := stand_in.field(value, pattern, 'MM');
    day := stand_in.field(value, pattern, 'DD');
    IF month NOT BETWEEN 1 AND 12 OR day NOT BETWEEN 1 AND 31 OR strict THEN
        RAISE EXCEPTION 'date/time field date value out of range: %-%-%', year, month, day USING ERRCODE = '22008';
    END IF;
    RETURN make_date(year, month, 1) + day - 1;
END $$;
CREATE FUNCTION stand_in.to_date(value text, format text) RETURNS date LANGUAGE sql IMMUTABLE
    AS 'SELECT stand_in.to_date($1, $2, false)';
-- The number at the place of this field in the format: the format's letters as a regular expression.
CREATE FUNCTION stand_in.field(value text, format text, name text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE pattern text := regexp_replace(format, '[^A-Z]', '[^0-9]', 'g');
BEGIN
    pattern := replace(pattern, name, '(' || CASE name WHEN 'YYYY' THEN '\d{4}' ELSE '\d{1,2}' END || ')');
    pattern := replace(replace(replace(pattern, 'YYYY', '\d{4}'), 'MM', '\d{1,2}'), 'DD', '\d{1,2}');
    RETURN (regexp_match(trim(value), '^' || pattern))[1]::int;
END $$;


-- DG: r_AVG: of whole numbers a whole number.
CREATE FUNCTION stand_in.avg_step(state numeric[], value bigint) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    AS 'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE FUNCTION stand_in.avg_step(state numeric[], value integer) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    AS 'SELECT stand_in.avg_step($1, $2::bigint)';
CREATE FUNCTION stand_in.avg_end(state numeric[]) RETURNS bigint LANGUAGE sql IMMUTABLE
    AS 'SELECT CASE WHEN $1[2] > 0 THEN trunc($1[1] / $1[2])::bigint END';
CREATE AGGREGATE stand_in.avg(bigint) (SFUNC = stand_in.avg_step, STYPE = numeric[], INITCOND = '{0,0}',
    FINALFUNC = stand_in.avg_end);
CREATE AGGREGATE stand_in.avg(integer) (SFUNC = stand_in.avg_step, STYPE = numeric[], INITCOND = '{0,0}',
    FINALFUNC = stand_in.avg_end);
CREATE FUNCTION stand_in.avg_step(state numeric[], value smallint) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    AS 'SELECT stand_in.avg_step($1, $2::bigint)';
CREATE AGGREGATE stand_in.avg(smallint) (SFUNC = stand_in.avg_step, STYPE = numeric[], INITCOND = '{0,0}',
    FINALFUNC = stand_in.avg_end);
CREATE AGGREGATE stand_in.avg(double precision) (SFUNC = float8_accum, STYPE = double precision[],
    INITCOND = '{0,0,0}', FINALFUNC = float8_avg);
CREATE AGGREGATE stand_in.avg(numeric) (SFUNC = numeric_avg_accum, STYPE = internal, FINALFUNC = numeric_avg);

-- Texts and numbers ------------------------------------------------------------------------------------------

CREATE FUNCTION stand_in.len(value text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1)';
CREATE FUNCTION stand_in.concat(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $2';
CREATE FUNCTION stand_in.md5(value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.md5($1)';
CREATE FUNCTION stand_in.round(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.round($1)';
CREATE FUNCTION stand_in.round(value numeric, digits int) RETURNS numeric LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.round($1, $2)';
CREATE FUNCTION stand_in.round(value double precision, digits int) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.round($1::numeric, $2)::double precision';
-- DG: r_ROUND: the type of the argument.
DO $block$
DECLARE whole text;
BEGIN
    FOREACH whole IN ARRAY ARRAY['smallint', 'integer', 'bigint'] LOOP
        EXECUTE format('CREATE FUNCTION stand_in.round(value %1$s) RETURNS %1$s LANGUAGE sql IMMUTABLE '
            'AS $$SELECT $1$$', whole);
    END LOOP;
END $block$;
CREATE FUNCTION stand_in.round(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_catalog.round($1::numeric)::double precision';
-- DG: IS_VALID_JSON; an array is for IS_VALID_JSON_ARRAY.
CREATE FUNCTION stand_in.is_valid_json(value text) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT pg_input_is_valid($1, ''json'') AND $1 ~ ''^\s*\{''';
-- DG: JSON_EXTRACT_PATH_TEXT: the case of a path counts. Its page of 2023 says an empty text of a path that is
-- missing, that of 2025 says NULL; of a JSON null neither says anything. Here they are '' and 'null': a query
-- has to be right with each.
CREATE FUNCTION stand_in.json_extract_path_text(value text, VARIADIC path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE json_typeof(value::json #> path) WHEN 'null' THEN 'null'
        ELSE coalesce(value::json #>> path, '') END $$;
CREATE FUNCTION stand_in.json_extract_path_text_or_null(value text, VARIADIC path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pg_input_is_valid(value, 'json')
        THEN stand_in.json_extract_path_text(value, VARIADIC path) END $$;

-- DG: r_SUPER_type. A row of one text, so that a bare text is no SUPER: Redshift stores it as a JSON string, and
-- JSON_PARSE alone reads it (DG: JSON_PARSE).
CREATE TYPE stand_in.super AS (json text);
CREATE FUNCTION stand_in.json_parse(value text) RETURNS stand_in.super LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NOT NULL THEN
        ROW(regexp_replace(value::json::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g'))::stand_in.super END $$;
-- DG: JSON_SERIALIZE: the text null for NULL; an error when it is longer than any VARCHAR.
CREATE FUNCTION stand_in.json_serialize(value stand_in.super) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT coalesce(($1).json, ''null'')';

-- The cluster ------------------------------------------------------------------------------------------------

-- MG: as clients see it; psycopg2 and psql read server_version, others read this.
CREATE FUNCTION stand_in.version() RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
        '(Red Hat 3.4.2-6.fc3), Redshift 1.0.51973' $$;
