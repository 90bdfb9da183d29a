# Compiler settings shared by every target.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(LK_WERROR "Warnings are errors" ON)
set(LK_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
option(LK_COVERAGE "Instrument for gcov" OFF)

# Large files on 32-bit boards too: without it even reading a folder fails once an inode's number needs more than 32 bits.
# time_t keeps the width the distribution's libraries were built with (32 bits in Debian 12's armhf).
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64 LK_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wswitch-enum -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
  -fno-common -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(LK_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
if(LK_SANITIZE)
  add_compile_options(-fsanitize=${LK_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LK_SANITIZE})
endif()
option(LK_TEST_HOOKS "Places where a test may kill the daemon, and invariants checked after each step" OFF)
if(LK_TEST_HOOKS)
  add_compile_definitions(LK_TEST_HOOKS)
endif()
if(LK_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# lk_library(NAME SOURCES... LINK libs... PRIVATE_LINK libs...): a static module whose public headers are in include/.
# What it links PUBLIC is what its headers may include; PRIVATE_LINK stays inside. This is how the arrows of
# docs/architecture.md are enforced: a header that is not linked cannot be found.
function(lk_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include)
  endif()
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${A_LINK} PRIVATE ${A_PRIVATE_LINK})
endfunction()
