"""A whole customer of real servers, in network namespaces of this machine: Musterbau GmbH."""
