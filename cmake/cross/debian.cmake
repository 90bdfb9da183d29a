# What the toolchain files share: a sysroot of the wanted Debian, made by cmake/cross/sysroot at the first configure.
# Set before: LK_CROSS_ARCHITECTURE (Debian's name), LK_CROSS_TRIPLET, LK_CROSS_QEMU (qemu-user's name).
set(LK_CROSS_SUITE bookworm CACHE STRING "The Debian to build for: bookworm or trixie")

# Beside the build folders, wherever those are. Kept in the cache, for CMake reads this file again with less around it.
if(NOT LK_SYSROOT)
  if(DEFINED ENV{LK_BUILD_DIR})
    set(folder $ENV{LK_BUILD_DIR}/sysroot)
  else()
    set(folder ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot)
  endif()
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/sysroot ${LK_CROSS_SUITE} ${LK_CROSS_ARCHITECTURE} ${folder}
                  OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "cmake/cross/sysroot could not make the sysroot of ${LK_CROSS_SUITE} ${LK_CROSS_ARCHITECTURE}; "
                        "it said why above")
  endif()
  set(LK_SYSROOT ${root})
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LK_SYSROOT)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${LK_CROSS_TRIPLET}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${LK_CROSS_TRIPLET})
set(CMAKE_SYSROOT ${LK_SYSROOT})
# The cross compiler brings a C library of its own and looks there first; it must see only the sysroot's.
set(libraries ${LK_SYSROOT}/usr/lib/${LK_CROSS_TRIPLET})
set(CMAKE_C_FLAGS_INIT
    "-B${libraries} -isystem ${LK_SYSROOT}/usr/include/${LK_CROSS_TRIPLET} -isystem ${LK_SYSROOT}/usr/include")
foreach(kind EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "-L${libraries}")
endforeach()
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${LK_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${LK_SYSROOT}/usr/lib/${LK_CROSS_TRIPLET}/pkgconfig:${LK_SYSROOT}/usr/share/pkgconfig)

# Programs that run while building are this machine's; everything linked is the other's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR /usr/bin/${LK_CROSS_QEMU}-static;-L;${LK_SYSROOT})
