# 64-bit ARM boards (Raspberry Pi 3 and later, most industrial ones).
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(LK_CROSS_ARCHITECTURE arm64)
set(LK_CROSS_TRIPLET aarch64-linux-gnu)
set(LK_CROSS_QEMU qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
