// SPDX-License-Identifier: Apache-2.0

// Closed-loop load on an etcd cluster with its own Go client: etcd_load CONNECTIONS SECONDS KEYS ENDPOINTS
//
// KEYS is written once first when it is negative (then the absolute value counts). Prints one JSON object. Operations are
// spread over at most eight client connections, which is what its users do: one connection carries many calls.
package main

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

func key(i int) string { return fmt.Sprintf("site:%015d", i) }

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func fill(client *clientv3.Client, keys int, value string) {
	for at := 0; at < keys; at += 100 {
		ops := []clientv3.Op{}
		for i := at; i < at+100 && i < keys; i++ {
			ops = append(ops, clientv3.OpPut(key(i), value))
		}
		if _, err := client.Txn(context.Background()).Then(ops...).Commit(); err != nil {
			die(err)
		}
	}
}

func main() {
	connections, _ := strconv.Atoi(os.Args[1])
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	keys, _ := strconv.Atoi(os.Args[3])
	endpoints := strings.Split(os.Args[4], ",")
	value := strings.Repeat("v", 100)
	clients := []*clientv3.Client{}
	for i := 0; i < connections && i < 8; i++ {
		client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 3 * time.Second})
		if err != nil {
			die(err)
		}
		clients = append(clients, client)
	}
	if keys < 0 {
		fill(clients[0], -keys, value)
		return
	}
	for _, client := range clients {
		if _, err := client.Get(context.Background(), key(0)); err != nil {
			die(err)
		}
	}
	latencies := make([][]time.Duration, connections)
	begin := time.Now()
	end := begin.Add(time.Duration(seconds * float64(time.Second)))
	var all sync.WaitGroup
	errors := make([]int, connections)
	for w := 0; w < connections; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			random := rand.New(rand.NewSource(int64(w + 1)))
			for {
				sent := time.Now()
				if sent.After(end) {
					return
				}
				if _, err := clients[w%len(clients)].Put(context.Background(), key(random.Intn(keys)), value); err != nil {
					errors[w]++
					continue
				}
				latencies[w] = append(latencies[w], time.Since(sent))
			}
		}(w)
	}
	all.Wait()
	took := time.Since(begin).Seconds()
	sorted, failed := []time.Duration{}, 0
	for w := range latencies {
		sorted = append(sorted, latencies[w]...)
		failed += errors[w]
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	quantile := func(q float64) int64 { return sorted[int(q*float64(len(sorted)-1))].Microseconds() }
	fmt.Printf("{\"per_second\":%.0f,\"p50_us\":%d,\"p99_us\":%d,\"errors\":%d}\n",
		float64(len(sorted))/took, quantile(.5), quantile(.99), failed)
}
