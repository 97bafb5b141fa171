//go:build !linux && !darwin && !windows

package trap

// systemRows are numbers that other systems do not have.
var systemRows []errnoRow
