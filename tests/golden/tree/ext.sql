-- outer
create table ${who} (id int);

	insert into x values (1); -- trailing   
