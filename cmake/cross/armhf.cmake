# 32-bit ARM boards with floating point (ARMv7).
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(LK_CROSS_ARCHITECTURE armhf)
set(LK_CROSS_TRIPLET arm-linux-gnueabihf)
set(LK_CROSS_QEMU qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
