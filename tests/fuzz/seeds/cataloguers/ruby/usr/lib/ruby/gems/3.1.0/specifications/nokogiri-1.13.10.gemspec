# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.10 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = Gem::Version.new("1.13.10")
  s.platform = "x86_64-linux".freeze
  s.metadata = { "source_code_uri" => "https://git.example/nokogiri" } if s.respond_to? :metadata=
  s.authors = ["Andr\u00E9 Arko".freeze, 'B "x" C'.freeze]
  s.email = ["n@example.org".freeze]
  s.homepage = %q{https://nokogiri.example}
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])
  end
end
