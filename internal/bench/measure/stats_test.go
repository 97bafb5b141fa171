package measure

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	values := []float64{5, 1, 3}
	assert.Equal(t, 3.0, Median(values))
	assert.Equal(t, []float64{5, 1, 3}, values, "they stay as they are")
	assert.Equal(t, 2.0, Median([]float64{3, 1}))
	assert.Equal(t, 2.5, Median([]float64{4, 1, 3, 2}))
	assert.Equal(t, 7.0, Median([]float64{7}))
	assert.True(t, math.IsNaN(Median(nil)))
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, test := range []struct {
		values []time.Duration
		p      float64
		want   time.Duration
	}{
		{hundred, 0, 1},
		{hundred, 1, 1},
		{hundred, 50, 50},
		{hundred, 50.1, 51},
		{hundred, 99, 99},
		{hundred, 99.9, 100},
		{hundred, 100, 100},
		{hundred[:2], 50, 1},
		{hundred[:1], 99, 1},
		{nil, 99, 0},
	} {
		assert.Equal(t, test.want, Percentile(test.values, test.p), "%v of %d", test.p, len(test.values))
	}
	assert.Equal(t, 1.5, Micros(1500*time.Nanosecond))
}
