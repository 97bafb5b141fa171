//go:build unix

package measure

import "syscall"

// DescriptorLimit is how many descriptors a process may have; Go programs raise
// the soft limit to the hard one when they start.
func DescriptorLimit() (int, error) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return int(min(uint64(limit.Cur), 1<<30)), err
}
