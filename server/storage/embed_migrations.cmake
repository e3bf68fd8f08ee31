# cmake -DOUTPUT=FILE.cc -DSOURCES="a.sql;b.sql" -P embed_migrations.cmake: the migrations as C++.

set(entries "")
foreach(source ${SOURCES})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "^0*([0-9]+)_.*" "\\1" number ${name})
  string(REGEX REPLACE "^[0-9]+_" "" title ${name})
  file(READ ${source} sql)
  string(APPEND entries "    {${number}, \"${title}\", R\"migration(${sql})migration\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "// Made from the files in server/storage/migrations.

#include \"server/storage/migrations.h\"

namespace nascent::storage {
namespace {

constexpr Migration kMigrations[] = {
${entries}};

}  // namespace

std::span<const Migration> AllMigrations() { return kMigrations; }

}  // namespace nascent::storage
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
