select 'routine', p.nspname::text, p.signature, p.signature,
       jsonb_strip_nulls(jsonb_build_object(
         'owner', case when p.proowner not in (select owner from usual) then pg_get_userbyid(p.proowner) end,
         'definition', case when p.prokind <> 'a' then pg_get_functiondef(p.oid) else (
           select format('CREATE AGGREGATE %I.%I(%s) (SFUNC = %s, STYPE = %s%s%s)', p.nspname, p.proname,
                    pg_get_function_arguments(p.oid), g.aggtransfn::regproc, format_type(g.aggtranstype, null),
                    case when g.aggfinalfn <> 0 then ', FINALFUNC = ' || g.aggfinalfn::regproc::text else '' end,
                    case when g.agginitval is not null
                         then ', INITCOND = ' || quote_literal(g.agginitval) else '' end)
           from pg_aggregate g where g.aggfnoid = p.oid) end,
         'comment', obj_description(p.oid, 'pg_proc')))
from routine p
union all
select 'trigger', c.nspname::text, c.relname::text, g.tgname::text,
       jsonb_strip_nulls(jsonb_build_object(
         'definition', pg_get_triggerdef(g.oid),
         'enabled', case g.tgenabled when 'D' then 'disabled' when 'R' then 'on a replica only'
                                     when 'A' then 'always' end,
         'comment', obj_description(g.oid, 'pg_trigger')))
from relation c join pg_trigger g on g.tgrelid = c.oid
-- PostgreSQL 12 has no column tgparentid.
where not g.tgisinternal and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
union all
select 'rule', c.nspname::text, c.relname::text, r.rulename::text,
       jsonb_strip_nulls(jsonb_build_object(
         'definition', pg_get_ruledef(r.oid),
         'enabled', case when r.ev_enabled = 'D' then 'disabled' end))
from relation c join pg_rewrite r on r.ev_class = c.oid
where r.rulename <> '_RETURN'
union all
select 'policy', c.nspname::text, c.relname::text, o.polname::text,
       jsonb_build_object('definition', concat_ws(' ',
         case when o.polpermissive then 'as permissive' else 'as restrictive' end,
         case o.polcmd when 'r' then 'for select' when 'a' then 'for insert' when 'w' then 'for update'
                       when 'd' then 'for delete' else 'for all' end,
         'to ' || (select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', '
                                     order by r) from unnest(o.polroles) r),
         'using (' || pg_get_expr(o.polqual, o.polrelid) || ')',
         'with check (' || pg_get_expr(o.polwithcheck, o.polrelid) || ')'))
from relation c join pg_policy o on o.polrelid = c.oid
