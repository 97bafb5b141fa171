package measure

import (
	"math"
	"slices"
	"time"
)

// Median is the middle of values, or the mean of the two in the middle; NaN
// of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Percentile is the least of the sorted values that p per cent of them do not
// exceed (nearest rank); 0 of none.
func Percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Micros is a duration as a number of microseconds.
func Micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
