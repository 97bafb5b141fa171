package park

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTableGrowsWhileItIsRead(t *testing.T) {
	t.Parallel()
	var conns table
	assert.Nil(t, conns.get(3))
	var wg sync.WaitGroup
	for first := range 4 {
		wg.Go(func() {
			for fd := first; fd < 5*pageSize; fd += 4 {
				c := &conn{fd: int32(fd)}
				conns.set(fd, c)
				assert.Same(t, c, conns.get(fd))
			}
		})
	}
	wg.Wait()
	conns.set(pageSize, nil)
	assert.Nil(t, conns.get(pageSize))
	assert.EqualValues(t, pageSize+1, conns.get(pageSize+1).fd)
	assert.Nil(t, conns.get(1<<20))
}
