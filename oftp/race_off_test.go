//go:build !race

package oftp_test

const raceDetector = false
