package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residentMemory is VmRSS of a process in bytes.
func residentMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseResident(string(status))
}

// parseResident finds VmRSS in the text of /proc/PID/status: see proc(5).
func parseResident(status string) (int64, error) {
	for line := range strings.Lines(status) {
		value, found := strings.CutPrefix(line, "VmRSS:")
		if !found {
			continue
		}
		number, found := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if !found {
			return 0, fmt.Errorf("VmRSS is not in kB: %q", line)
		}
		n, err := strconv.ParseUint(number, 10, 50)
		return int64(n) << 10, err
	}
	return 0, fmt.Errorf("/proc has no VmRSS of that process")
}

// descriptors counts the descriptors that a process has open.
func descriptors(pid int) (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(entries), err
}
