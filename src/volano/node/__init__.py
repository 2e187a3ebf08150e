"""The daemon on each machine: makes running workloads match the wanted ones."""
