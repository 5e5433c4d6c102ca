# SPDX-License-Identifier: Apache-2.0

# The Debian packages, by CPack: `./dev package`. Included by install.cmake.
find_program(TITER_GZIP gzip)
set(debian ${PROJECT_BINARY_DIR}/debian)

# The maintainer of a package is the person who builds it. DEBFULLNAME and DEBEMAIL name that person, as for Debian's own
# tools. Without them the package says that it has no maintainer; .invalid is a domain that never exists (RFC 2606).
set(TITER_MAINTAINER "no maintainer <unset@titer.invalid>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(TITER_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
string(TIMESTAMP TITER_PACKAGED "%a, %d %b %Y 00:00:00 +0000" UTC)  # SOURCE_DATE_EPOCH is used if it is set

# Debian's policy wants these three beside every package's files.
configure_file(${packaging}/changelog.in ${debian}/changelog.Debian @ONLY)
add_custom_command(
  OUTPUT ${debian}/changelog.gz ${debian}/changelog.Debian.gz
  COMMAND ${TITER_GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${debian}/changelog.gz
  COMMAND ${TITER_GZIP} -9nc ${debian}/changelog.Debian > ${debian}/changelog.Debian.gz
  DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${debian}/changelog.Debian
  VERBATIM)
add_custom_target(debian_files DEPENDS described ${debian}/changelog.gz ${debian}/changelog.Debian.gz)
add_dependencies(debian_files titer_shared)
get_target_property(soversion titer_shared SOVERSION)
set(library libtiter${soversion})
foreach(pair runtime:titer library:${library} client:libtiter-dev)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(FILES ${packaging}/copyright ${debian}/changelog.gz ${debian}/changelog.Debian.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component} OPTIONAL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME titer)
set(CPACK_PACKAGE_CONTACT "${TITER_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime library client)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME titer)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION database)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "bash-completion")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "etcd-server, logrotate, prometheus")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${packaging}/conffiles ${packaging}/postinst ${packaging}/prerm
                                               ${packaging}/postrm)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "replicated database for vaccine availability
Sites log what they have; everybody sees the same at once, from any replica,
while all machines but one fail. Command line, HTTP interface and a web page.
.
As a service: one replica per machine, titer@NAME with /etc/titer/NAME.toml.
To try it: 'titer cluster' runs several replicas on this machine.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "client library of titer, for C++ programs
Writes that are repeated at another replica when one fails and are executed
once, reads, and a stream of every change.")

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME libtiter-dev)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_COMPONENT_CLIENT_DEPENDS library)
set(CPACK_COMPONENT_CLIENT_DESCRIPTION "client library of titer, to compile C++ programs with
Three headers, which need nothing but the C++20 standard library.
.
With CMake: find_package(titer), target titer::client.")
include(CPack)
