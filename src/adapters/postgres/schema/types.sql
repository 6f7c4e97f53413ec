select 'schema', n.nspname::text, n.nspname::text, n.nspname::text,
       jsonb_strip_nulls(jsonb_build_object(
         -- That of `public` was decided when the server was made.
         'owner', case when n.nspname <> 'public' and n.nspowner not in (select owner from usual)
                  then pg_get_userbyid(n.nspowner) end))
from space n
union all
select 'extension', n.nspname::text, e.extname::text, e.extname::text, jsonb_build_object('version', e.extversion)
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
union all
select case t.typtype when 'd' then 'domain' else 'type' end, t.nspname::text, t.typname::text, t.typname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'owner', case when t.typowner not in (select owner from usual) then pg_get_userbyid(t.typowner) end,
         'definition', case t.typtype
           when 'e' then (select 'as enum (' || string_agg(quote_literal(e.enumlabel), ', '
                                                           order by e.enumsortorder) || ')'
                          from pg_enum e where e.enumtypid = t.oid)
           when 'c' then (select 'as (' || string_agg(quote_ident(a.attname) || ' '
                                                      || format_type(a.atttypid, a.atttypmod), ', '
                                                      order by a.attnum) || ')'
                          from pg_attribute a
                          where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
           when 'r' then (select 'as range (subtype = ' || format_type(r.rngsubtype, null) || ')'
                          from pg_range r where r.rngtypid = t.oid)
           else concat_ws(' ', 'as ' || format_type(t.typbasetype, t.typtypmod),
                          'default ' || t.typdefault, case when t.typnotnull then 'not null' end,
                          (select string_agg(pg_get_constraintdef(c.oid), ' ' order by c.conname)
                           from pg_constraint c where c.contypid = t.oid and c.contype = 'c'))
           end,
         'comment', obj_description(t.oid, 'pg_type')))
from kind t
