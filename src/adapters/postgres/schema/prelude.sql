-- What every part below looks at: nothing of the system, of an extension, or of Liquibase's own tables.
with member as materialized (
  select classid, objid from pg_depend where deptype = 'e'
), space as materialized (
  select n.* from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from member m where m.classid = 'pg_namespace'::regclass and m.objid = n.oid)
), usual as materialized (
  -- Who owns things where nobody took care to give them to somebody else.
  select datdba as owner from pg_database where datname = current_database()
  union
  select oid from pg_roles where rolname = current_user
), relation as materialized (
  select c.*, s.nspname from pg_class c join space s on s.oid = c.relnamespace
  where lower(c.relname) not in ('databasechangelog', 'databasechangeloglock', 'databasechangeloghistory')
    and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid)
), routine as materialized (
  select p.*, s.nspname,
         p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature
  from pg_proc p join space s on s.oid = p.pronamespace
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                    and d.deptype in ('e', 'i'))
), kind as materialized (
  -- Types that somebody made: not the row types of tables, nor arrays and multiranges, which come by themselves.
  select t.*, s.nspname from pg_type t
  join space s on s.oid = t.typnamespace
  left join pg_class r on r.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and r.relkind = 'c'))
    and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
)
