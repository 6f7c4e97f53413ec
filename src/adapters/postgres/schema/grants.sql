select 'grant', g.space, g.thing, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee)::text end,
       jsonb_strip_nulls(jsonb_build_object(
         'on', g.target,
         'privileges', string_agg(g.privilege, ', ' order by g.privilege) filter (where not g.grantable),
         'grantable', string_agg(g.privilege, ', ' order by g.privilege) filter (where g.grantable)))
from (
  select c.nspname::text as space, coalesce(t.relname, c.relname)::text as thing,
         case when c.relkind = 'S' then 'sequence ' else 'table ' end || c.oid::regclass as target,
         x.grantee, x.privilege_type as privilege, x.is_grantable as grantable
  from relation c
  left join pg_depend d on c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
       and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  left join pg_class t on t.oid = d.refobjid
  cross join lateral aclexplode(
    coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner))) x
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and x.grantee <> c.relowner
  union all
  select c.nspname::text, c.relname::text, 'table ' || c.oid::regclass, x.grantee,
         x.privilege_type || ' (' || quote_ident(a.attname) || ')', x.is_grantable
  from relation c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attacl is not null
  cross join lateral aclexplode(a.attacl) x
  where not a.attisdropped and x.grantee <> c.relowner
  union all
  select p.nspname::text, p.signature, 'routine ' || p.oid::regprocedure, x.grantee, x.privilege_type,
         x.is_grantable
  from routine p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
  where x.grantee <> p.proowner
  union all
  select n.nspname::text, n.nspname::text, 'schema ' || quote_ident(n.nspname), x.grantee, x.privilege_type,
         x.is_grantable
  from space n cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
  where x.grantee <> n.nspowner
  union all
  select t.nspname::text, t.typname::text, 'type ' || t.oid::regtype, x.grantee, x.privilege_type, x.is_grantable
  from kind t cross join lateral aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x
  where x.grantee <> t.typowner
) g
group by g.space, g.thing, g.target, g.grantee
