// SPDX-License-Identifier: Apache-2.0

// Closed-loop load on an etcd cluster with its own Go client. Prints one JSON object.
//
//	etcd_load write CONNECTIONS SECONDS ENDPOINTS
//	etcd_load gap CLIENTS SECONDS TIMEOUT_S ENDPOINTS
//	etcd_load fill ENDPOINTS                          writes every key once
//
// A write is spread over at most eight client connections, which is what its users do: one connection carries many calls.
// gap: each client has a connection of its own and tries again after TIMEOUT_S without an answer; gap_ms is the longest time
// without an answer to any client, client_gap_ms to one of them.
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

const keys = 100000

var value = strings.Repeat("v", 100)

func key(i int) string { return fmt.Sprintf("site:%015d", i) }

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func number(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		die(err)
	}
	return value
}

func seconds(text string) time.Duration { return time.Duration(number(text) * float64(time.Second)) }

func connect(count int, endpoints string) []*clientv3.Client {
	clients := []*clientv3.Client{}
	for i := 0; i < count; i++ {
		config := clientv3.Config{Endpoints: strings.Split(endpoints, ","), DialTimeout: 3 * time.Second}
		client, err := clientv3.New(config)
		if err != nil {
			die(err)
		}
		if _, err := client.Get(context.Background(), key(0)); err != nil {
			die(err)
		}
		clients = append(clients, client)
	}
	return clients
}

func fill(endpoints string) {
	client := connect(1, endpoints)[0]
	for at := 0; at < keys; at += 100 {
		ops := []clientv3.Op{}
		for i := at; i < at+100; i++ {
			ops = append(ops, clientv3.OpPut(key(i), value))
		}
		if _, err := client.Txn(context.Background()).Then(ops...).Commit(); err != nil {
			die(err)
		}
	}
}

// One answer: when it came, since the begin, and how long it took.
type answer struct{ at, took time.Duration }

// load gives what every worker was answered, how many errors there were, and the time of it all.
func load(clients []*clientv3.Client, workers int, lasts, timeout time.Duration) ([][]answer, int, time.Duration) {
	answers, errors := make([][]answer, workers), make([]int, workers)
	begin := time.Now()
	var all sync.WaitGroup
	for w := 0; w < workers; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			random := rand.New(rand.NewSource(int64(w + 1)))
			for sent := time.Now(); sent.Sub(begin) < lasts; sent = time.Now() {
				limited, cancel := context.WithTimeout(context.Background(), timeout)
				_, err := clients[w%len(clients)].Put(limited, key(random.Intn(keys)), value)
				cancel()
				if err != nil {
					errors[w]++
					time.Sleep(time.Millisecond)
					continue
				}
				answers[w] = append(answers[w], answer{time.Since(begin), time.Since(sent)})
			}
		}(w)
	}
	all.Wait()
	failed := 0
	for _, count := range errors {
		failed += count
	}
	return answers, failed, time.Since(begin)
}

func sorted(answers [][]answer, of func(answer) time.Duration) []time.Duration {
	all := []time.Duration{}
	for _, some := range answers {
		for _, one := range some {
			all = append(all, of(one))
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	if len(all) == 0 {
		die(fmt.Errorf("no answer"))
	}
	return all
}

func at(one answer) time.Duration   { return one.at }
func took(one answer) time.Duration { return one.took }

// The longest time between two of these moments, or between the last and the end.
func longestGap(moments []time.Duration, end time.Duration) time.Duration {
	longest := end - moments[len(moments)-1]
	for i := 1; i < len(moments); i++ {
		if gap := moments[i] - moments[i-1]; gap > longest {
			longest = gap
		}
	}
	return longest
}

func write(connections int, lasts time.Duration, endpoints string) {
	clients := connections
	if clients > 8 {
		clients = 8
	}
	answers, errors, spent := load(connect(clients, endpoints), connections, lasts, time.Minute)
	times := sorted(answers, took)
	quantile := func(q float64) int64 { return times[int(q*float64(len(times)-1))].Microseconds() }
	fmt.Printf("{\"per_second\":%.0f,\"p50_us\":%d,\"p99_us\":%d,\"errors\":%d}\n",
		float64(len(times))/spent.Seconds(), quantile(.5), quantile(.99), errors)
}

func gap(clients int, lasts, timeout time.Duration, endpoints string) {
	answers, errors, _ := load(connect(clients, endpoints), clients, lasts, timeout)
	all := sorted(answers, at)
	var worst time.Duration
	for _, some := range answers {
		longest := lasts // of a client that was never answered
		if len(some) > 0 {
			longest = longestGap(sorted([][]answer{some}, at), lasts)
		}
		if longest > worst {
			worst = longest
		}
	}
	fmt.Printf("{\"per_second\":%.0f,\"gap_ms\":%d,\"client_gap_ms\":%d,\"errors\":%d}\n",
		float64(len(all))/lasts.Seconds(), longestGap(all, lasts).Milliseconds(), worst.Milliseconds(), errors)
}

func main() {
	words := os.Args[1:]
	switch {
	case len(words) == 2 && words[0] == "fill":
		fill(words[1])
	case len(words) == 4 && words[0] == "write":
		write(int(number(words[1])), seconds(words[2]), words[3])
	case len(words) == 5 && words[0] == "gap":
		gap(int(number(words[1])), seconds(words[2]), seconds(words[3]), words[4])
	default:
		os.Exit(2)
	}
}
