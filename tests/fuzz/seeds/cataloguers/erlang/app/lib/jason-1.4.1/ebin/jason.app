% generated
{application,jason,
 [{modules,['Elixir.Jason','Elixir.Jason.Codegen']},
  {optional_applications,[decimal]}, {applications,[kernel,stdlib,elixir,decimal]},
  {description,"A \"fast\" \x41\101 parser."}, {registered,[]},{mod,{'Elixir.Jason.App',[]}},
  {env,[{a,16#ff},{b,-1.5e3},{c,<<1,2:16,"x">>},{d,#{a => 1}},{e,$a}]},
  {licenses,["Apache-2.0"]}, {links,[{"GitHub","https://git.example/a/jason"}]}, {vsn,"1.4.1"}]}.
