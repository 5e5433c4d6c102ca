# SPDX-License-Identifier: Apache-2.0

# What `cmake --install` puts where, and what `cpack` makes of it (docs/how-to/operations.md, decisions 17 and 20). Three components:
#   runtime  the program with its manual, its service and the service's settings; the Debian package `titer`
#   library  libtiter.so, which C++ programs of others run with; the package `libtiter0.2`
#   client   what they are compiled with: headers, find_package(titer), target titer::client; the package `libtiter-dev`
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

# --- library, client: one shared object (src/library/module.cmake), the headers that are all of its interface

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/titer)
install(TARGETS titer_shared EXPORT titer LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT library NAMELINK_COMPONENT client)
install(FILES ${PROJECT_SOURCE_DIR}/include/titer/client.h ${PROJECT_SOURCE_DIR}/include/titer/result.h
              ${PROJECT_SOURCE_DIR}/include/titer/types.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/titer COMPONENT client)
install(EXPORT titer NAMESPACE titer:: FILE titer-targets.cmake DESTINATION ${package_dir} COMPONENT client)
configure_package_config_file(${packaging}/titer-config.cmake.in ${PROJECT_BINARY_DIR}/titer-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Until 1.0 a minor version may change anything.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/titer-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/titer-config.cmake ${PROJECT_BINARY_DIR}/titer-config-version.cmake
        DESTINATION ${package_dir} COMPONENT client)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/client DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT client)

# --- runtime

# The manual pages and the completion are made from what the program itself says: they cannot differ from it.
set(described ${PROJECT_BINARY_DIR}/described)
add_custom_command(
  OUTPUT ${described}/done
  COMMAND Python3::Interpreter -B ${packaging}/describe.py $<TARGET_FILE:titer> ${described}
  COMMAND ${CMAKE_COMMAND} -E touch ${described}/done
  DEPENDS titer ${packaging}/describe.py ${packaging}/titer.h2m
  COMMENT "writing manual pages and completion"
  VERBATIM)
add_custom_target(described DEPENDS ${described}/done)

install(TARGETS titer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(DIRECTORY ${described}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime OPTIONAL)
install(FILES ${described}/titer DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        COMPONENT runtime OPTIONAL)
install(FILES ${packaging}/titer@.service DESTINATION lib/systemd/system COMPONENT runtime)
# Under /usr the settings belong to /etc; which prefix it is, is known only now.
install(CODE "
  set(settings \"\${CMAKE_INSTALL_PREFIX}/etc\")
  if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
    set(settings /etc)
  endif()
  file(INSTALL \"${packaging}/main.toml\" DESTINATION \"\${settings}/titer\")
  file(INSTALL \"${packaging}/titer.logrotate\" DESTINATION \"\${settings}/logrotate.d\" RENAME titer)" COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/docs/reference/alerts.yml ${PROJECT_SOURCE_DIR}/docs/reference/grafana.json
              ${PROJECT_SOURCE_DIR}/docs/reference/openapi.json ${PROJECT_SOURCE_DIR}/docs/how-to/operations.md
              ${PROJECT_SOURCE_DIR}/docs/how-to/security.md ${PROJECT_SOURCE_DIR}/docs/reference/serve.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)

include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/archive.cmake)
